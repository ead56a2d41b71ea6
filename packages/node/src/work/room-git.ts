/**
 * Git in a directory that an agent worked in, or whose content one has written: it runs where agents run, with an agent's rights
 * and in its room, because what stands in such a clone may make git run anything. What it prints is believed no more than that.
 */
import type { ProcessEnd } from "../ports.ts";
import { type AttemptContext, roomFor } from "./attempt-context.ts";

export interface RoomGit {
  readonly cwd: string;
  readonly args: readonly string[];
  /** Of what it prints so much is kept, from its beginning. */
  readonly keepBytes: number;
  readonly wallMs: number;
}

export interface RoomGitResult {
  readonly end: ProcessEnd;
  readonly text: string;
  /** There was more. */
  readonly isCut: boolean;
}

export async function gitInRoom(
  context: AttemptContext,
  { cwd, args, keepBytes, wallMs }: RoomGit,
  signal: AbortSignal,
): Promise<RoomGitResult> {
  const { deps, project } = context;
  const { memoryBytes, processes, diskBytes, outputBytes } = project.config().limits;
  const kept: Uint8Array[] = [];
  let [length, isCut] = [0, false];
  const onOutput = (chunk: Uint8Array): void => {
    const piece = chunk.subarray(0, keepBytes - length);
    isCut ||= piece.length < chunk.length;
    length += piece.length;
    // The chunk is the reader's own buffer.
    if (piece.length > 0) kept.push(piece.slice());
  };
  const { end } = await deps.processes.run(
    {
      argv: ["git", ...args],
      cwd,
      env: deps.environment("agent", [], { SKEIN_ITEM: context.item, SKEIN_EPOCH: String(context.epoch) }),
      stdin: "",
      limits: { wallMs, idleMs: wallMs, outputBytes, memoryBytes, processes, diskBytes },
      onOutput,
      ...roomFor(context, { write: [cwd], read: [] }),
    },
    signal,
  );
  return { end, text: new TextDecoder().decode(Buffer.concat(kept)), isCut };
}
