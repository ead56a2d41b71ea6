/**
 * The kinds of ops and the shape of each one's body. A kind or a field that this version does not know makes the op
 * unreadable here: it is kept and passed on, and not folded.
 */
import { ARCHIVE_REASONS, type ArchiveReason, type Evidence, type Feature } from "../fold/stage.ts";
import { ROLES, type Role } from "../member/role.ts";
import { CHAT_BODIES, type ChatBody } from "./chat-bodies.ts";
import { COMMENT_BODY, type CommentBody } from "./comment-body.ts";
import type { Value } from "./codec.ts";
import { encodable } from "./encodable.ts";
import {
  boolean,
  BRANCH,
  bytes,
  type Check,
  dependsOnField,
  holdField,
  integer,
  labelsField,
  line,
  list,
  mapOf,
  matching,
  nameField,
  noteField,
  OID,
  oneOf,
  priorityField,
  record,
  recordWith,
  text,
  textField,
  titleField,
  touchedField,
  touchesField,
} from "./fields.ts";
import { LIMITS } from "./limits.ts";
import { WRITE_BODY, type WriteBody } from "./story-body.ts";
import { HASH_BYTES, INCARNATION_BYTES, type Op, SIGNATURE_BYTES } from "./op.ts";

export const ITEM_TYPES: readonly ["story", "bug", "spike", "chore"] = ["story", "bug", "spike", "chore"];
export type ItemType = (typeof ITEM_TYPES)[number];

/** Why an attempt went back to Coding. */
export const SEND_BACK_REASONS: readonly [
  "no-commits",
  "agent-failed",
  "gate-failed",
  "conflict",
  "infrastructure",
  "over-budget",
  "person",
] = ["no-commits", "agent-failed", "gate-failed", "conflict", "infrastructure", "over-budget", "person"];
export type SendBackReason = (typeof SEND_BACK_REASONS)[number];

/**
 * Who has to be content with a branch before it lands: the gate's commands alone, a reviewer agent as well, or a person as
 * well. Empty for what the project says.
 */
export const QA_MODES: readonly ["commands", "agent", "human"] = ["commands", "agent", "human"];
export type QaMode = (typeof QA_MODES)[number];

/** Open; nothing lands; or only what was in the queue when it was said. */
const QUEUE_MODES: readonly ["open", "paused", "draining"] = ["open", "paused", "draining"];
export type QueueMode = (typeof QUEUE_MODES)[number];

/** What a kept file is: all that an attempt printed, what one gate command printed, or a file that the project asked for. */
const ARTIFACT_SORTS: readonly ["log", "gate", "file"] = ["log", "gate", "file"];

/** One kept file: its SHA-256 (hex), and its size before it was packed. */
export interface ArtifactFile {
  readonly sort: (typeof ARTIFACT_SORTS)[number];
  readonly name: string;
  readonly digest: string;
  readonly size: number;
}

/** Work is taken; what runs goes on and nothing is taken; or what runs is given back too. */
const WORK_MODES: readonly ["open", "draining", "leaving"] = ["open", "draining", "leaving"];
export type WorkMode = (typeof WORK_MODES)[number];

export type MeshBody =
  | { readonly kind: "mesh.genesis"; readonly name: string; readonly owner: string }
  | { readonly kind: "member.invite"; readonly ticket: Uint8Array; readonly role: Role; readonly expires: number }
  | {
      readonly kind: "member.join";
      readonly key: Uint8Array;
      readonly name: string;
      readonly ticket: Uint8Array;
      /** The ticket's signature over the new member's key and name. */
      readonly proof: Uint8Array;
    }
  | {
      readonly kind: "member.rotate";
      /** The new key. The author is the old one, and the feed that the op stands in ends with it. */
      readonly key: Uint8Array;
      /** Last accepted seq of the old key's other feeds by incarnation (hex); one that is not named is cut at 0. */
      readonly cut: ReadonlyMap<string, number>;
      /** The old key's signature over the rotation, and the new key's. */
      readonly consent: Uint8Array;
      readonly proof: Uint8Array;
    }
  | {
      readonly kind: "member.remove";
      /** Any key of the member. */
      readonly key: Uint8Array;
      /** Last accepted seq by incarnation (hex), under whichever key; a feed that is not named is cut at 0. */
      readonly cut: ReadonlyMap<string, number>;
      readonly note: string;
    }
  | {
      readonly kind: "project.set";
      readonly name: string;
      /** URL or absolute path of the repository that items land on. */
      readonly remote: string;
      readonly base: string;
      /** The skein.yaml to use until the target branch has one. */
      readonly config: string;
    }
  | {
      readonly kind: "queue.set";
      /** The project whose merge queue it is. */
      readonly name: string;
      readonly mode: QueueMode;
      readonly note: string;
    }
  | {
      readonly kind: "work.set";
      /** Id (hex) of the member whose work it is; empty for the work of all. */
      readonly member: string;
      readonly mode: WorkMode;
      readonly note: string;
    }
  | {
      readonly kind: "budget.set";
      /** The first day it is for, in UTC; until another one is set. */
      readonly from: string;
      /** What all members may spend together on a day, in millionths of a dollar; empty for no cap. */
      readonly microUsd: readonly number[];
      /** What part of it is whose, by member id in hex. */
      readonly shares: ReadonlyMap<string, number>;
    }
  | {
      /** The author's member gives away some of what it may spend on that day. */
      readonly kind: "budget.transfer";
      readonly day: string;
      /** Member id. */
      readonly to: Uint8Array;
      readonly microUsd: number;
    }
  | {
      /** The signer held every history that ends in these frames. */
      readonly kind: "mesh.checkpoint";
      readonly tips: readonly Tip[];
      /** Ops in all of them. */
      readonly ops: number;
    };

/** Where a feed, or a branch of one, ended. The hash stands for all that leads to it. */
export interface Tip {
  readonly author: Uint8Array;
  readonly incarnation: Uint8Array;
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** Tokens by their kind, and `microUsd`: millionths of a dollar. Only what is known. */
export type SpendCounts = ReadonlyMap<string, number>;

/** What the ledger is added up by. */
export const LEDGER_KEYS: readonly ["item", "attempt", "agent", "node", "day", "model"] = [
  "item",
  "attempt",
  "agent",
  "node",
  "day",
  "model",
];
export type LedgerKey = (typeof LEDGER_KEYS)[number];

export type RegisterBody =
  | { readonly field: "title"; readonly value: string }
  | { readonly field: "text"; readonly value: string }
  /** How to tell that it is done. */
  | { readonly field: "criteria"; readonly value: string }
  | { readonly field: "priority"; readonly value: number }
  | { readonly field: "labels"; readonly value: readonly string[] }
  | { readonly field: "dependsOn"; readonly value: readonly string[] }
  | { readonly field: "hold"; readonly value: string }
  | { readonly field: "qa"; readonly value: QaMode | "" }
  /** Patterns of the paths that it will change, as a person expects it. */
  | { readonly field: "touches"; readonly value: readonly string[] }
  /** The item that this one is a part of; empty for none. */
  | { readonly field: "parent"; readonly value: string };

/** An item's birth. */
export interface CreateBody {
  readonly kind: "item.create";
  readonly title: string;
  readonly text: string;
  readonly type: ItemType;
  readonly priority: number;
  readonly labels: readonly string[];
  readonly dependsOn: readonly string[];
}

/** Events of the stage machine. Each builds on the item's head. */
export type StageBody =
  | { readonly kind: "item.start" }
  | { readonly kind: "item.shelve"; readonly note: string }
  | { readonly kind: "item.claim"; readonly ttl: number }
  /** `left`: unfinished work of the attempt, on its published branch; the next attempt begins with it. */
  | { readonly kind: "item.release"; readonly note: string; readonly left?: Feature }
  | { readonly kind: "item.submit"; readonly feature: Feature }
  | { readonly kind: "item.pass"; readonly evidence: Evidence }
  | {
      readonly kind: "item.sendBack";
      readonly reason: SendBackReason;
      readonly note: string;
      /** The attempt brought something new, so it does not count towards the no-progress cap. */
      readonly progress: boolean;
      readonly evidence: readonly Evidence[];
      readonly left?: Feature;
    }
  | { readonly kind: "item.land"; readonly commit: string; readonly at: number }
  | { readonly kind: "item.archive"; readonly reason: ArchiveReason; readonly note: string }
  | { readonly kind: "item.restore"; readonly note: string };

/** What is said about an item. A note builds on any op of it, a question on a stage of it, an answer on its question. */
export type AnnotationBody =
  /** `note` names it: a command that two nodes carried out has made one note. */
  | { readonly kind: "item.note"; readonly note: string; readonly text: string; readonly by: string }
  | CommentBody
  | {
      readonly kind: "item.ask";
      readonly question: string;
      readonly text: string;
      readonly options: readonly string[];
    }
  | { readonly kind: "item.answer"; readonly question: string; readonly text: string; readonly by: string }
  /**
   * The gate ran on the tree that the attempt's tip, alone or behind others of a train, makes of this base. Whether it was
   * green is in the runs. Builds on a stage of the item.
   */
  | { readonly kind: "item.attest"; readonly tip: string; readonly base: string; readonly evidence: Evidence }
  /**
   * The attempt of this epoch has ended on the author's node, which keeps these files of it. Members that the files are
   * meant for keep them too, so many. Builds on a stage of the item.
   */
  | {
      readonly kind: "item.artifact";
      readonly project: string;
      readonly epoch: number;
      /** What was tried last; empty when the attempt came to no commit. */
      readonly commit: string;
      readonly copies: number;
      readonly files: readonly ArtifactFile[];
    }
  /** A person is content with the branch as it stands at this tip. Builds on a stage of the item. */
  | {
      readonly kind: "item.approve";
      readonly tip: string;
      readonly tree: string;
      readonly note: string;
      readonly by: string;
    }
  /**
   * What an attempt has cost on one day so far, as the holder of its claim counts it: a later one takes the place of an
   * earlier one. What is not known is not there, and never 0. Builds on the claim, and counts also once that was lost.
   */
  | {
      readonly kind: "item.spend";
      /** The day that it counts for, in UTC. */
      readonly day: string;
      readonly agent: string;
      /** By the model's name, which is empty when nobody tells it. */
      readonly models: ReadonlyMap<string, SpendCounts>;
      /** What the attempt may still spend, in millionths of a dollar: set aside until it has ended. */
      readonly reserved: number;
    }
  /** Whoever asked waits no more. Builds on the answer that was taken, or on the question when none was. */
  | { readonly kind: "item.unask"; readonly question: string; readonly note: string };

export type ItemBody =
  | CreateBody
  | WriteBody
  | StageBody
  | AnnotationBody
  | ({ readonly kind: "item.set" } & RegisterBody)
  | { readonly kind: "item.delete"; readonly note: string };

export type OpBody = MeshBody | ItemBody | ChatBody;
type OpKind = OpBody["kind"];
export type StageKind = StageBody["kind"];

const wallTime = integer(0, 2 ** 48);

const evidence: Check<Evidence> = record({
  tree: matching(OID),
  runs: list(
    record({
      argv: list(text(1_000), 64),
      exitCode: integer(0, 255),
      durationMs: integer(0, 2 ** 40),
      outputDigest: matching(/^[0-9a-f]{64}$/),
    }),
    LIMITS.gateRuns,
  ),
});

const feature: Check<Feature> = recordWith(
  {
    featureBranch: matching(BRANCH),
    tip: matching(OID),
    tree: matching(OID),
    commitsAhead: integer(1, 1_000_000),
  },
  { touched: touchedField },
);

/** A day of the calendar; whether it exists is nobody's business here. */
const DAY = /^[0-9]{4}-[01][0-9]-[0-3][0-9]$/;
const SPEND_COUNT = /^(?:input|output|cacheRead|cacheWrite|microUsd)$/;
const PRINTABLE = /^[ -~]{0,100}$/;
const counter = integer(0, LIMITS.counter);

const QUESTION = /^[0-9a-z]{4,26}$/;
const PROJECT = /^[a-z0-9][a-z0-9-]{0,62}$/;

const cut: Check<ReadonlyMap<string, number>> = mapOf(/^[0-9a-f]{16}$/, integer(1, LIMITS.counter), 1_000);

/** `undefined` in the table's result means that the body is not one of its kind. */
const BODIES: { readonly [K in Exclude<OpKind, "item.set">]: Check<Omit<Extract<OpBody, { kind: K }>, "kind">> } = {
  "mesh.genesis": record({ name: nameField, owner: nameField }),
  "member.invite": record({ ticket: bytes(HASH_BYTES), role: oneOf<Role>(ROLES), expires: wallTime }),
  "member.join": record({
    key: bytes(HASH_BYTES),
    name: nameField,
    ticket: bytes(HASH_BYTES),
    proof: bytes(SIGNATURE_BYTES),
  }),
  "member.rotate": record({
    key: bytes(HASH_BYTES),
    cut,
    consent: bytes(SIGNATURE_BYTES),
    proof: bytes(SIGNATURE_BYTES),
  }),
  "member.remove": record({
    key: bytes(HASH_BYTES),
    cut,
    note: noteField,
  }),
  "project.set": record({
    name: matching(/^[a-z0-9][a-z0-9-]{0,62}$/),
    remote: line(1_000),
    base: line(200),
    config: text(LIMITS.configBytes),
  }),
  "queue.set": record({
    name: matching(/^[a-z0-9][a-z0-9-]{0,62}$/),
    mode: oneOf<QueueMode>(QUEUE_MODES),
    note: noteField,
  }),
  "work.set": record({
    member: matching(/^(?:[0-9a-f]{64})?$/),
    mode: oneOf<WorkMode>(WORK_MODES),
    note: noteField,
  }),
  "budget.set": record({
    from: matching(DAY),
    microUsd: list(counter, 1),
    shares: mapOf(/^[0-9a-f]{64}$/, integer(0, 1_000_000), LIMITS.budgetShares),
  }),
  "budget.transfer": record({ day: matching(DAY), to: bytes(HASH_BYTES), microUsd: integer(1, LIMITS.counter) }),
  "mesh.checkpoint": record({
    tips: list(
      record({
        author: bytes(HASH_BYTES),
        incarnation: bytes(INCARNATION_BYTES),
        seq: integer(1, LIMITS.counter),
        frame: bytes(HASH_BYTES),
      }),
      LIMITS.checkpointTips,
    ),
    ops: integer(1, LIMITS.counter),
  }),
  "item.create": record({
    title: titleField,
    text: textField,
    type: oneOf<ItemType>(ITEM_TYPES),
    priority: priorityField,
    labels: labelsField,
    dependsOn: dependsOnField,
  }),
  "item.start": record({}),
  "item.shelve": record({ note: noteField }),
  "item.claim": record({ ttl: integer(100, 7 * 24 * 3_600_000) }),
  "item.release": recordWith({ note: noteField }, { left: feature }),
  "item.submit": record({ feature }),
  "item.pass": record({ evidence }),
  "item.sendBack": recordWith(
    {
      reason: oneOf<SendBackReason>(SEND_BACK_REASONS),
      note: noteField,
      progress: boolean,
      evidence: list(evidence, 1),
    },
    { left: feature },
  ),
  "item.land": record({ commit: matching(OID), at: wallTime }),
  "item.archive": record({ reason: oneOf<ArchiveReason>(ARCHIVE_REASONS), note: noteField }),
  "item.restore": record({ note: noteField }),
  "item.write": WRITE_BODY,
  "item.delete": record({ note: noteField }),
  "item.note": record({ note: matching(/^[0-9a-f]{16}$/), text: noteField, by: line(LIMITS.chatIdLength) }),
  "item.comment": COMMENT_BODY,
  "item.ask": record({ question: matching(QUESTION), text: noteField, options: list(line(80), 10) }),
  "item.answer": record({ question: matching(QUESTION), text: noteField, by: line(LIMITS.chatIdLength) }),
  "item.attest": record({ tip: matching(OID), base: matching(OID), evidence }),
  "item.artifact": record({
    project: matching(PROJECT),
    epoch: integer(1, LIMITS.counter),
    commit: matching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/),
    copies: integer(0, LIMITS.artifactCopies),
    files: list(
      record({
        sort: oneOf<ArtifactFile["sort"]>(ARTIFACT_SORTS),
        name: line(LIMITS.artifactNameLength),
        digest: matching(/^[0-9a-f]{64}$/),
        size: integer(0, LIMITS.artifactBytes),
      }),
      LIMITS.artifactFiles,
    ),
  }),
  "item.approve": record({ tip: matching(OID), tree: matching(OID), note: noteField, by: line(LIMITS.chatIdLength) }),
  "item.spend": record({
    day: matching(DAY),
    agent: matching(PRINTABLE),
    models: mapOf(PRINTABLE, mapOf(SPEND_COUNT, counter, 5), LIMITS.spendModels),
    reserved: counter,
  }),
  "item.unask": record({ question: matching(QUESTION), note: noteField }),
  ...CHAT_BODIES,
};

/** Registers by field; one last-writer-wins value each. */
const REGISTERS: { readonly [F in RegisterBody["field"]]: Check<Extract<RegisterBody, { field: F }>["value"]> } = {
  title: titleField,
  text: textField,
  criteria: textField,
  priority: priorityField,
  labels: labelsField,
  dependsOn: dependsOnField,
  hold: holdField,
  qa: oneOf<QaMode | "">(["", ...QA_MODES]),
  touches: touchesField,
  parent: matching(/^(?:[0-9a-z]{12})?$/),
};

/** The typed body of an op, or undefined when this version cannot read it. */
export function readBody(op: Pick<Op, "kind" | "body">): OpBody | undefined {
  if (op.kind === "item.set") return readRegister(op.body);
  if (!Object.hasOwn(BODIES, op.kind)) return undefined;
  const check = BODIES[op.kind as keyof typeof BODIES];
  const fields = check(op.body);
  // The table pairs each kind with the check of its own fields.
  return fields === undefined ? undefined : ({ kind: op.kind, ...fields } as OpBody);
}

function readRegister(body: Op["body"]): OpBody | undefined {
  const field = body["field"];
  if (Object.keys(body).length !== 2 || typeof field !== "string" || !Object.hasOwn(REGISTERS, field)) return undefined;
  const value = REGISTERS[field as keyof typeof REGISTERS](body["value"]);
  return value === undefined ? undefined : ({ kind: "item.set", field, value } as OpBody);
}

/** The body as it goes into an op's bytes: everything but the kind, which is a field of the op. */
export function writeBody(body: OpBody): { readonly [key: string]: Value } {
  const fields: Record<string, Value> = {};
  for (const [key, value] of Object.entries(body)) {
    if (key !== "kind") fields[key] = encodable(value);
  }
  return fields;
}
