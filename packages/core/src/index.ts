export { assert, err, ok, unreachable, type Result } from "./kernel/result.ts";
export type {
  Board,
  BoardAttempt,
  BoardChange,
  BoardClaim,
  BoardItem,
  BoardNode,
  BoardQueueEntry,
} from "./view/board.ts";
export type { CommandError } from "./command/error.ts";
export {
  ARCHIVE_REASONS,
  STAGES,
  type ArchiveReason,
  type Evidence,
  type Feature,
  type GateRun,
  type Stage,
  type StageState,
} from "./fold/stage.ts";
export { ROLES, roleAtLeast, type Role } from "./member/role.ts";
