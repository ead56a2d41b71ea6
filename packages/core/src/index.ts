/** The pure core of Skein. docs/architecture.md shows how the folders follow the data: command → op → log → fold → view. */
export { compareText, concatBytes, equalBytes, fromHex, toHex } from "./kernel/bytes.ts";
export { didYouMean } from "./kernel/did-you-mean.ts";
export { once } from "./kernel/once.ts";
export { assert, err, ok, type Result, unreachable } from "./kernel/result.ts";
export { createTerminalFilter, plainOutput, shownOutput } from "./kernel/terminal-text.ts";

export {
  type ArtifactFile,
  ITEM_TYPES,
  type ItemBody,
  type ItemType,
  type OpBody,
  type SendBackReason,
  type SpendCounts,
  type StageBody,
  type StageKind,
  readBody,
} from "./op/bodies.ts";
export { type CodecError, decode, encode, type Value } from "./op/codec.ts";
export type { Crypto, Signer } from "./op/crypto.ts";
export { BRANCH, ITEM_ID, OID } from "./op/fields.ts";
export {
  feedId,
  feedOf,
  feedParts,
  type FeedParts,
  type Frame,
  isFrameAuthentic,
  openFrame,
  sealFrame,
} from "./op/frame.ts";
export {
  type Budget,
  type BudgetName,
  BUDGETS,
  LIMITS,
  RELAYED_BEATS,
  RELAYED_CURSORS,
  RELAYED_LOG_READS,
} from "./op/limits.ts";
export { isStoryBody, STORY_FIELDS, type StoryField, type StoryText } from "./op/story-body.ts";
export { type Op, openOp, type SealedOp, sealOp } from "./op/op.ts";
export {
  endsOf,
  framesOf,
  headerBytesOf,
  isCovered,
  isPack,
  isSigned,
  type OpenedOp,
  type PackedFrame,
  sealPack,
} from "./op/pack.ts";
export { createPortableCrypto } from "./op/portable-crypto.ts";
export { isAcceptablePublicKey, isWeakPublicKey, isWeakSignature } from "./op/public-key.ts";

export { block, type Body, code, plain, plainText, type Span, strong } from "./chat/body.ts";

export { memberPrincipal } from "./chat/speaker.ts";
export { NOBODY } from "./chat/people-fold.ts";
export { normalPairingCode, pairingCodeFrom } from "./chat/pairing-code.ts";
export { CHAT_ENTITY, commandIdOf, LIVE } from "./chat/chat-fold.ts";
export {
  type ChatView,
  type DirectRoom,
  type Said,
  type Lease,
  messageKey,
  type Pairing,
  type People,
  type Person,
  type RoomCommand,
  type Timer,
} from "./chat/chat-view.ts";
export type { ChatBody, ReceiveBody, SentMark, SettleBody } from "./op/chat-bodies.ts";

export { createFrameIndex, type FrameIndex } from "./log/frame-index.ts";
export { checkpointOf, type Standing, standingOf } from "./log/checkpoint.ts";
export { foundMesh } from "./log/genesis.ts";
export { branchId, type Comparison } from "./log/feed-tree.ts";
export { type Head, type FramePlace, type Heads, type Locator, totalOps } from "./log/heads.ts";
export { type WholeRecord, wholeRecords } from "./log/salvage.ts";
export { type FrameRefusal, isOutOfOrder } from "./log/refusal.ts";
export {
  type Authorship,
  createReplica,
  type Draft,
  type Replica,
  type Taken,
  type TakenRecord,
  type Written,
} from "./log/replica.ts";

export { joinProofBytes } from "./member/join-proof.ts";
export {
  type Checkpoint,
  type Invite,
  type KeyRotation,
  isTicketDead,
  keysOf,
  keyStatus,
  type Member,
  memberOf,
  type Membership,
  type Project,
  roleOf,
  rotationsTo,
} from "./member/membership.ts";
export { proveRotation } from "./member/rotation-proof.ts";
export { leastRole, type Role, roleAtLeast, ROLES } from "./member/role.ts";
export { openPass, type Pass, sealPass, type SignIn, signInBytes } from "./member/sign-in.ts";
export { parseTicket, printTicket, type Ticket } from "./member/ticket.ts";

export { type Artifacts, isOpen, openQuestions, type Question } from "./fold/annotations.ts";
export type { Spend } from "./fold/spend.ts";
export { digestOf } from "./fold/digest.ts";
export { type FoldChange, FOLD_VERSION, MESH_ENTITY, type View } from "./fold/fold.ts";
export type { HistoryEntry, ItemHistory, Outcome } from "./fold/history.ts";
export { type Claim, hasLanded, type ItemState } from "./fold/item-state.ts";
export { STAGE_GRAPH, STAGE_KINDS } from "./fold/machine.ts";
export {
  ARCHIVE_REASONS,
  type ArchiveReason,
  type Evidence,
  type Feature,
  type GateRun,
  isGreen,
  type Stage,
  STAGES,
  type StageState,
} from "./fold/stage.ts";
export { BLAMELESS, refusal, ROLE_NEEDED } from "./fold/transition.ts";

export { createLeaseObserver, createStallDetector, type LeaseObserver } from "./claim/lease.ts";
export type { Burden } from "./claim/handicap.ts";
export { type Candidate, createPlanner, type Intent, type Planner, type PlanInput } from "./claim/plan.ts";
export { rankOf } from "./claim/rank.ts";

export { type Beat, beatOrder, isPageOrigin, openBeat, sealBeat } from "./sync/beat.ts";
export { type CursorPlace, type CursorSelection, openCursor, sealCursor } from "./sync/cursor.ts";
export {
  createHandshake,
  type Handshake,
  type HandshakeSelf,
  type HandshakeStep,
  type JoinRequest,
  type Peer,
} from "./sync/handshake.ts";
export { createHeadsCollector, pagesOf } from "./sync/heads-pages.ts";
export { decodeMessage, encodeMessage, type Message, PROTOCOL_VERSION, type RefusalCode } from "./sync/message.ts";

export { decide, itemIdFrom, stageOn } from "./command/decide.ts";
export type { Calendar } from "./command/decide-timers.ts";
export type { DecideContext, Decision } from "./command/deciding.ts";
export { type AttemptMade, attemptMade } from "./command/attempt-made.ts";
export { findMember } from "./command/find-member.ts";
export { FIRED_REMEMBERED, type Plan } from "./chat/plan-fold.ts";
export { findItem, isLive, type LiveItem } from "./command/find.ts";
export { storyDraft, type StoryState, storyStateOf, writeBodyOf } from "./command/story-edit.ts";
export { storyClient } from "./story/clients.ts";
export { joinUpdates, storyDocument, storyTextOf } from "./story/document.ts";
export type { StoryEdits } from "./story/edits.ts";
export { readStoryUpdate, STORY_ROOT, type StoryUpdate } from "./story/update.ts";
export type { CommandError } from "./command/error.ts";
export { type Flags, type GrammarContext, type GrammarProblem, parseLine, type Wanted } from "./command/grammar.ts";
export { usageOf, type Verb, VERBS, verbOf } from "./command/verbs.ts";
export { type Command, parseCommand, type ParsedCommand } from "./command/parse.ts";
export { OF_ONE_MACHINE } from "./command/project-inputs.ts";
export { type CommandInput, type CommandName, COMMANDS, commandSpec, type CommandSpec } from "./command/registry.ts";

export { FLOW_RANGES, type FlowRange } from "./op/ranges.ts";
export { type Flow, type FlowDay, flowOf, type FlowStep, type Percentiles } from "./view/flow.ts";
export { type Timeline, timelineOf, type TimelineRow, type TimelineSpan } from "./view/timeline.ts";
export type { Mesh, MeshAlarm, MeshIncarnation, MeshInvite, MeshLink, MeshNode } from "./view/mesh.ts";
export type {
  Board,
  BoardAttempt,
  BoardChange,
  BoardClaim,
  BoardItem,
  WholeItem,
  BoardNode,
  BoardQueueEntry,
} from "./view/board.ts";
export { conflictedWork, finishedWork, refusedTips } from "./view/finished-work.ts";
export { landedItems, landingMessage, type LandingText } from "./view/landing-message.ts";
export { type Landing, type LandingState, unverified } from "./view/landing.ts";
export {
  type Attested,
  type Awaited,
  awaitedOf,
  greenOn,
  isApproved,
  isAwaited,
  NO_VERDICT,
  otherThan,
  qaModeOf,
  type QaPolicy,
  REVIEW,
  waitingFor,
} from "./command/review.ts";
export { chargeOf, costOf, formatCost, formatUsd, isUnknown, microUsdOf, spendsOf } from "./view/ledger.ts";
export { budgetOn, type Gift, overdrafts, planGift, type Rights, rightsOn } from "./view/rights.ts";
export { allSpends, type Caps, costOfOthers, openPurse, overspent, type OthersCost, type Purse } from "./view/purse.ts";
export { type MergeQueue, mergeQueueOf, type QueueHearing } from "./view/merge-queue.ts";
export {
  type AliveNode,
  chainOf,
  compareUrgency,
  explain,
  landedAs,
  landedBy,
  type Naming,
  openDependencies,
  type OwnTrouble,
  projectAttempts,
  projectItem,
  projectWhole,
  projectQueue,
} from "./view/project.ts";
export { type BoardComment, commentsTold } from "./view/comments.ts";
export { type ActionsOn, type ItemAction } from "./view/item-actions.ts";
export type { HistoryEffect, HistoryRow, SignatureState } from "./view/item-history.ts";
export { type KeptFile, keptFiles } from "./view/artifacts.ts";
export { unmetNeeds } from "./view/needs.ts";
export { countUntakable } from "./view/waiting.ts";
export { featureIn } from "./fold/stage.ts";
export { matchesName, matchesPath } from "./kernel/glob.ts";
export { touchedBy } from "./view/overlap.ts";
export type { ExitCommand } from "./view/exits.ts";
export { type StuckItem, stuckItems } from "./view/stuck.ts";
export { blameOf } from "./view/blame.ts";
export { describeStandby, type Standby, standbyOf } from "./view/standby.ts";
export { liveItems, type Plain, query, type QueryContext } from "./view/queries.ts";
