/**
 * state(op) = transition(state(op.on), event): pure, total, one step for one op.
 *
 * First the graph (machine.ts) says whether the event may leave the stage, then the guards say whether this author may
 * send it with this data. A refused event is refused for ever, on every node, whatever order the ops arrived in.
 */
import { assert, err, ok, type Result, unreachable } from "../kernel/result.ts";
import { type Role, roleAtLeast } from "../member/role.ts";
import type { SendBackReason, StageBody, StageKind } from "../op/bodies.ts";
import { type Claim, compareState, hasLanded, type ItemState } from "./item-state.ts";
import { STAGE_GRAPH } from "./machine.ts";
import { type Evidence, type Feature, featureIn, isGreen, type StageState } from "./stage.ts";

/** The event with what the op's envelope says about it. */
export interface StageEvent {
  readonly item: string;
  /** Id (hex) of the op. */
  readonly op: string;
  /** Who sends it: the member's id, whichever key signed. */
  readonly member: string;
  readonly incarnation: string;
  readonly role: Role;
  readonly wall: number;
  readonly body: StageBody;
}

export interface Rejection {
  readonly type: "illegal-event" | "not-allowed" | "not-holder" | "bad-data" | "already-landed";
  readonly message: string;
}

/** The least role that may send an event at all. */
export const ROLE_NEEDED: Readonly<Record<StageKind, Role>> = {
  "item.start": "operator",
  "item.shelve": "operator",
  "item.claim": "agent",
  "item.release": "agent",
  "item.submit": "agent",
  "item.pass": "agent",
  "item.sendBack": "agent",
  "item.land": "agent",
  "item.archive": "agent",
  "item.restore": "operator",
};

export const newItemState: ItemState = {
  stage: { stage: "Backlog" },
  generation: 0,
  epoch: 0,
  claim: null,
  attempts: 0,
  noProgress: 0,
  overBudget: false,
  left: null,
  note: "",
};

export function transition(state: ItemState, event: StageEvent): Result<ItemState, Rejection> {
  const rejection = refusal(state, event);
  if (rejection !== undefined) return err(rejection);
  const next = step(state, event);
  assert(next.stage.stage === STAGE_GRAPH[state.stage.stage][event.body.kind], "the step follows the graph");
  assert(compareState(next, state) > 0, "an accepted event makes the item's state greater");
  return ok(next);
}

/** Why the event is refused in this state, or undefined when it is accepted. */
export function refusal(state: ItemState, event: StageEvent): Rejection | undefined {
  const { kind } = event.body;
  const stage = state.stage.stage;
  if (kind === "item.land" && hasLanded(state)) {
    return { type: "already-landed", message: "the item has already landed" };
  }
  if (STAGE_GRAPH[stage][kind] === null) {
    return { type: "illegal-event", message: `${verb(kind)} is not possible in ${stage}` };
  }
  if (!roleAtLeast(event.role, ROLE_NEEDED[kind])) {
    return { type: "not-allowed", message: `${verb(kind)} needs the role ${ROLE_NEEDED[kind]}, not ${event.role}` };
  }
  return guard(state, event);
}

const verb = (kind: StageKind): string => kind.slice("item.".length);

function guard(state: ItemState, event: StageEvent): Rejection | undefined {
  const { body } = event;
  switch (body.kind) {
    case "item.submit":
      return onlyHolder(state, event) ?? branchOfThisItem(state, event, body.feature);
    case "item.pass":
      return onlyHolder(state, event) ?? allGreen(body.evidence);
    case "item.release":
      return onlyHolder(state, event) ?? leftOfThisItem(state, event, body.left);
    case "item.sendBack":
      return (
        (roleAtLeast(event.role, "operator") ? undefined : onlyHolder(state, event)) ??
        leftOfThisItem(state, event, body.left)
      );
    case "item.archive":
      return mayArchive(state, event, body.reason);
    case "item.restore":
      return hasLanded(state)
        ? { type: "already-landed", message: "a landed item is never reopened; add a new item that names it" }
        : undefined;
    case "item.start":
    case "item.shelve":
    case "item.claim":
    case "item.land":
      return undefined;
    default:
      return unreachable(body);
  }
}

function onlyHolder(state: ItemState, event: StageEvent): Rejection | undefined {
  if (state.claim?.holder === event.member) return undefined;
  return { type: "not-holder", message: `${verb(event.body.kind)} is for the holder of the item's claim` };
}

function branchOfThisItem(state: ItemState, event: StageEvent, feature: Feature): Rejection | undefined {
  const [, item, epoch] = feature.featureBranch.split("/");
  if (item === event.item && Number(epoch) <= state.epoch) return undefined;
  return { type: "bad-data", message: "the branch is not one of this item's attempts" };
}

const leftOfThisItem = (state: ItemState, event: StageEvent, left: Feature | undefined): Rejection | undefined =>
  left === undefined ? undefined : branchOfThisItem(state, event, left);

function allGreen(evidence: Evidence): Rejection | undefined {
  if (isGreen(evidence)) return undefined;
  return { type: "bad-data", message: "a gate command that failed is no evidence" };
}

function mayArchive(state: ItemState, event: StageEvent, reason: string): Rejection | undefined {
  const landed = hasLanded(state);
  if (landed !== (reason === "Completed")) {
    return {
      type: "bad-data",
      message: landed ? "a landed item is archived as Completed" : "only a landed item is Completed",
    };
  }
  if (roleAtLeast(event.role, "operator")) return undefined;
  // A build agent gives up on its own item only, and only for want of success.
  if (reason !== "Blocked" && reason !== "MergeFailed") {
    return { type: "not-allowed", message: `archive as ${reason} needs the role operator, not ${event.role}` };
  }
  return onlyHolder(state, event);
}

// ── the step ────────────────────────────────────────────────────────────────────────────────────────────────────────

function step(state: ItemState, event: StageEvent): ItemState {
  const { body } = event;
  switch (body.kind) {
    case "item.start":
      return { ...state, stage: { stage: "Coding" }, note: "" };
    case "item.shelve":
      return { ...raised(state), stage: { stage: "Backlog" }, attempts: 0, noProgress: 0, left: null, note: body.note };
    case "item.claim":
      return { ...raised(state), claim: claimOf(state, event, body.ttl) };
    case "item.release":
      // Whoever gives the item back without having worked on it leaves what was there.
      return { ...raised(state), left: body.left ?? state.left, note: body.note };
    case "item.submit":
      return { ...state, stage: { stage: "Qa", ...body.feature }, left: null, note: "" };
    case "item.pass":
      return { ...state, stage: { ...featureOf(state.stage), stage: "Merge", evidence: body.evidence }, note: "" };
    case "item.sendBack":
      return sentBack(state, body);
    case "item.land":
      return { ...state, stage: { stage: "Done", mergedAt: body.at, mergeCommit: body.commit }, claim: null, note: "" };
    case "item.archive":
      return {
        ...state,
        stage: archived(state.stage, event.wall, body.reason),
        claim: null,
        // A holder that gives up ends an attempt; a person who archives does not.
        attempts: state.attempts + (state.claim?.holder === event.member ? 1 : 0),
        note: body.note,
      };
    case "item.restore":
      return {
        ...raised(state),
        stage: { stage: "Backlog" },
        generation: state.generation + 1,
        attempts: 0,
        noProgress: 0,
        left: null,
        note: body.note,
      };
    default:
      return unreachable(body);
  }
}

/** A new epoch without a holder. */
const raised = (state: ItemState): ItemState => ({
  ...state,
  epoch: state.epoch + 1,
  claim: null,
  overBudget: false,
});

const claimOf = (state: ItemState, event: StageEvent, ttlMs: number): Claim => ({
  op: event.op,
  holder: event.member,
  incarnation: event.incarnation,
  epoch: state.epoch + 1,
  ttlMs,
  since: event.wall,
});

function featureOf(stage: StageState): Feature {
  assert(stage.stage === "Qa" || stage.stage === "Merge", "only Qa and Merge have a feature branch");
  return featureIn(stage);
}

/** Neither a machine's trouble nor an empty purse is a failure of the attempt. */
export const BLAMELESS: ReadonlySet<SendBackReason> = new Set(["infrastructure", "over-budget"]);

function sentBack(state: ItemState, body: Extract<StageBody, { kind: "item.sendBack" }>): ItemState {
  const counts = !BLAMELESS.has(body.reason);
  return {
    ...raised(state),
    stage: { stage: "Coding" },
    attempts: state.attempts + (counts ? 1 : 0),
    noProgress: !counts ? state.noProgress : body.progress ? 0 : state.noProgress + 1,
    overBudget: body.reason === "over-budget",
    left: body.left ?? (counts ? null : state.left),
    note: body.note,
  };
}

const archived = (
  stage: StageState,
  archivedAt: number,
  reason: Extract<StageBody, { kind: "item.archive" }>["reason"],
): StageState => ({
  stage: "Archived",
  archivedAt,
  reason,
  mergeCommit: stage.stage === "Done" ? stage.mergeCommit : null,
});
