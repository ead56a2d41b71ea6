/**
 * Ops about rooms and people: what was said to the mesh, what became of it, what the mesh said, who somebody is, and who
 * keeps an account's connection. Their entity is `chat` and they build on nothing, so that they mean the same in any order.
 */
import { type Body, type Span, STYLES } from "../chat/body.ts";
import { ROLES, type Role } from "../member/role.ts";
import {
  boolean,
  bytes,
  type Check,
  integer,
  labelsField,
  line,
  list,
  matching,
  nameField,
  oneOf,
  priorityField,
  record,
  text,
  textField,
} from "./fields.ts";
import { LIMITS } from "./limits.ts";
import { HASH_BYTES } from "./op.ts";

const EVENT_TYPES: readonly ["message", "slash", "button", "reaction", "edit"] = [
  "message",
  "slash",
  "button",
  "reaction",
  "edit",
];

/** How a command from a room ended. `asked`: it waits for a confirmation. */
const OUTCOMES: readonly ["done", "refused", "asked", "ignored"] = ["done", "refused", "asked", "ignored"];

/** What a message of the mesh is for. */
const PURPOSES: readonly ["reply", "card", "question", "notice", "reminder"] = [
  "reply",
  "card",
  "question",
  "notice",
  "reminder",
];

/** Something that a person did in a room and that is addressed to the mesh; durable before the platform hears so. */
export interface ReceiveBody {
  readonly kind: "chat.receive";
  /** `kind/name` of the account that it came to. */
  readonly account: string;
  /** The platform's id of what happened. The command's id is its hash. */
  readonly event: string;
  readonly type: (typeof EVENT_TYPES)[number];
  readonly principal: string;
  /** The name that the platform shows, for people. */
  readonly name: string;
  readonly room: string;
  readonly direct: boolean;
  /** Empty outside of threads. */
  readonly thread: string;
  readonly message: string;
  /** Empty when it replies to nothing. */
  readonly quotes: string;
  readonly text: string;
  /** The platform's time, Unix ms. */
  readonly at: number;
}

/** What became of it. */
export interface SettleBody {
  readonly kind: "chat.settle";
  /** Id (hex) of the command. */
  readonly command: string;
  readonly outcome: (typeof OUTCOMES)[number];
  readonly reply: Body;
  /** The item that it is about; empty when there is none. */
  readonly item: string;
  /**
   * For `asked`: what a "yes" runs, as whoever asked keeps it, and the item's op that it was judged on. For `done`: `live` when the
   * reply is to be kept up to date for a while.
   */
  readonly proposal: string;
  readonly version: string;
  /** The command whose question this one answers; empty when it answers none. */
  readonly answers: string;
  /** So many ops right before this one in its feed are what it did. */
  readonly effects: number;
}

export interface SentMark {
  /** The key that it was sent under (hex). */
  readonly key: string;
  readonly account: string;
  readonly room: string;
  /** The platform's id of the message. */
  readonly message: string;
  readonly purpose: (typeof PURPOSES)[number];
  readonly item: string;
  /** The command, question, timer or op that it is about. */
  readonly about: string;
  readonly result: "sent" | "failed" | "suppressed";
  readonly reason: string;
}

/** Work that begins at a time, or every so often. */
export interface PlanBody {
  readonly kind: "timer.plan";
  readonly timer: string;
  /** Wall time, Unix ms; 0 for one that comes again and again. */
  readonly at: number;
  /** Five fields; empty for one that comes once. When it is due is worked out by whoever fires it. */
  readonly cron: string;
  /** IANA name of the time zone that the expression is meant in. */
  readonly zone: string;
  /** What becomes of occurrences that went by while nobody could fire them: the last of them is fired late, or none. */
  readonly catchUp: (typeof CATCH_UPS)[number];
  readonly does: (typeof PLANNED)[number];
  /** The item to start or to retry; empty for one that is to be added. */
  readonly item: string;
  readonly title: string;
  readonly text: string;
  readonly priority: number;
  readonly labels: readonly string[];
  /** The added item goes straight to Coding. */
  readonly start: boolean;
  readonly by: string;
}

const CATCH_UPS: readonly ["one", "none"] = ["one", "none"];
const PLANNED: readonly ["add", "start", "retry"] = ["add", "start", "retry"];

export type ChatBody =
  | { readonly kind: "lease.claim"; readonly lease: string; readonly epoch: number; readonly ttl: number }
  | { readonly kind: "lease.release"; readonly lease: string; readonly epoch: number }
  | ReceiveBody
  | SettleBody
  | { readonly kind: "chat.sent"; readonly sends: readonly SentMark[] }
  /** One of a budget that all nodes share, like Discord's identifies. */
  | { readonly kind: "chat.spend"; readonly account: string; readonly budget: string }
  /** One setting of what a room (`kind/name room`) or a person is told. */
  | { readonly kind: "notice.set"; readonly target: string; readonly field: string; readonly value: string }
  | {
      readonly kind: "person.invite";
      readonly person: string;
      readonly role: Role;
      /** The member (hex) that the person is; empty for somebody without a node. */
      readonly member: string;
      /** SHA-256 of the pairing code. */
      readonly code: Uint8Array;
      readonly expires: number;
    }
  /** The code shows that whoever got it from the inviter speaks as this principal. */
  | { readonly kind: "person.link"; readonly principal: string; readonly code: string }
  | { readonly kind: "person.unlink"; readonly principal: string }
  | { readonly kind: "person.role"; readonly person: string; readonly role: Role | "none" }
  | {
      readonly kind: "timer.set";
      readonly timer: string;
      /** Wall time, Unix ms: a promise to a person. */
      readonly due: number;
      readonly account: string;
      readonly room: string;
      readonly thread: string;
      readonly item: string;
      readonly text: string;
      readonly by: string;
    }
  | PlanBody
  /** This occurrence (Unix ms) of the timer is over: what it brings about stands in the same write. */
  | { readonly kind: "timer.fire"; readonly timer: string; readonly occurrence: number }
  | { readonly kind: "timer.cancel"; readonly timer: string };

export type ChatKind = ChatBody["kind"];

const wallTime = integer(0, 2 ** 48);
const HASH = /^[0-9a-f]{64}$/;
const hashOrNone = matching(/^(?:[0-9a-f]{64})?$/);
const name = line(LIMITS.chatIdLength);
const itemOrNone = matching(/^(?:[0-9a-z]{12})?$/);
const accountField = matching(/^[a-z][a-z0-9-]{0,30}\/[a-z0-9][a-z0-9-]{0,62}$/);
const epoch = integer(1, 2 ** 31);
const leaseField = line(128);

const body: Check<Body> = list<Span>(record({ text: text(LIMITS.textBytes), style: oneOf(STYLES) }), LIMITS.chatSpans);

const sentMark: Check<SentMark> = record({
  key: matching(HASH),
  account: accountField,
  room: name,
  message: name,
  purpose: oneOf(PURPOSES),
  item: itemOrNone,
  about: name,
  result: oneOf<SentMark["result"]>(["sent", "failed", "suppressed"]),
  reason: text(LIMITS.noteLength),
});

export const CHAT_BODIES: { readonly [K in ChatKind]: Check<Omit<Extract<ChatBody, { kind: K }>, "kind">> } = {
  "lease.claim": record({ lease: leaseField, epoch, ttl: integer(100, 24 * 3_600_000) }),
  "lease.release": record({ lease: leaseField, epoch }),
  "chat.receive": record({
    account: accountField,
    event: name,
    type: oneOf(EVENT_TYPES),
    principal: name,
    name,
    room: name,
    direct: boolean,
    thread: name,
    message: name,
    quotes: name,
    text: text(LIMITS.chatTextLength),
    at: wallTime,
  }),
  "chat.settle": record({
    command: matching(HASH),
    outcome: oneOf(OUTCOMES),
    reply: body,
    item: itemOrNone,
    proposal: text(LIMITS.chatTextLength),
    version: hashOrNone,
    answers: hashOrNone,
    effects: integer(0, 256),
  }),
  "chat.sent": record({ sends: list(sentMark, LIMITS.chatSends) }),
  "chat.spend": record({ account: accountField, budget: line(64) }),
  "notice.set": record({ target: name, field: line(64), value: line(LIMITS.titleLength) }),
  "person.invite": record({
    person: nameField,
    role: oneOf<Role>(ROLES),
    member: hashOrNone,
    code: bytes(HASH_BYTES),
    expires: wallTime,
  }),
  "person.link": record({ principal: name, code: line(64) }),
  "person.unlink": record({ principal: name }),
  "person.role": record({ person: nameField, role: oneOf<Role | "none">([...ROLES, "none"]) }),
  "timer.set": record({
    timer: matching(/^[0-9a-z]{6,12}$/),
    due: wallTime,
    account: accountField,
    room: name,
    thread: name,
    item: itemOrNone,
    text: text(LIMITS.noteLength),
    by: name,
  }),
  "timer.plan": record({
    timer: matching(/^[0-9a-z]{6,12}$/),
    at: wallTime,
    cron: line(LIMITS.cronLength),
    zone: line(LIMITS.nameLength),
    catchUp: oneOf(CATCH_UPS),
    does: oneOf(PLANNED),
    item: itemOrNone,
    title: line(LIMITS.titleLength),
    text: textField,
    priority: priorityField,
    labels: labelsField,
    start: boolean,
    by: name,
  }),
  "timer.fire": record({ timer: matching(/^[0-9a-z]{6,12}$/), occurrence: wallTime }),
  "timer.cancel": record({ timer: matching(/^[0-9a-z]{6,12}$/) }),
};

export const isChatKind = (kind: string): kind is ChatKind => Object.hasOwn(CHAT_BODIES, kind);
