/**
 * The fold of chat ops: a pure function of their set, in whatever order they come.
 *
 * A command is named by the hash of the platform's event id, so that one event which two nodes took in, or which the
 * platform delivered again, is one command. Of several ops about one thing, the stamps decide which one counts.
 */
import { compareText, toHex } from "../kernel/bytes.ts";
import { encode } from "../op/codec.ts";
import type { Standing } from "../member/membership.ts";
import { roleAtLeast } from "../member/role.ts";
import type { ChatBody, ReceiveBody, SentMark, SettleBody } from "../op/chat-bodies.ts";
import {
  type ChatView,
  type DirectRoom,
  type Lease,
  messageKey,
  type RoomCommand,
  type Said,
  type Timer,
} from "./chat-view.ts";
import { compareStamp, type Stamp } from "../op/stamp.ts";
import { createPeopleFold } from "./people-fold.ts";
import { createPlanFold } from "./plan-fold.ts";

/** The entity of all ops about rooms and people. Item ids cannot be this. */
export const CHAT_ENTITY = "chat";

/** The proposal of a command that is done and whose reply is a live view. */
export const LIVE = "live";

export interface ChatFold extends ChatView {
  /** False when its author may not write such ops. */
  apply(body: ChatBody, stamp: Stamp, standing: Standing): boolean;
}

type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** The same for every delivery of an event, on every node. `account` is `kind/name`; the event's id is unique on its kind. */
export const commandIdOf = (account: string, event: string, sha256: Sha256): string =>
  toHex(sha256(encode(["skein/chat-command/1", account.split("/")[0] ?? "", event])));

interface Settling extends Omit<SettleBody, "kind" | "command"> {
  readonly stamp: Stamp;
}

// A table of cases over one state: apart they would hide which maps belong together.
// oxlint-disable-next-line max-lines-per-function
export function createChatFold(sha256: Sha256): ChatFold {
  const leases = new Map<string, Lease & { readonly stamp: Stamp }>();
  const released = new Set<string>();
  const received = new Map<string, RoomCommand["received"]>();
  const settled = new Map<string, Settling>();
  const answered = new Map<string, { readonly by: string; readonly stamp: Stamp }>();
  const commands = new Map<string, RoomCommand>();
  const waiting = new Set<string>();
  const asked = new Set<string>();
  const live = new Set<string>();
  const unanswered = new Set<string>();
  const replied = new Set<string>();
  const sent = new Map<string, Said>();
  const messages = new Map<string, Said>();
  const lastSaid = new Map<string, number>();
  const lastInbound = new Map<string, number>();
  const directRooms = new Map<string, DirectRoom>();
  const timers = new Map<string, Timer & { readonly stamp: Stamp }>();
  const cancelled = new Set<string>();
  const settings = new Map<string, { readonly value: string; readonly stamp: Stamp }>();
  const spent = new Map<string, number[]>();
  const people = createPeopleFold(sha256);
  const planned = createPlanFold();
  const values = new Map<string, string>();

  const joinCommand = (id: string): void => {
    const first = received.get(id);
    if (first === undefined) return;
    const end = settled.get(id);
    // What was said is of use until it is judged; histories of rooms are not this log's to keep in memory.
    const kept = end === undefined || first.text === "" ? first : { ...first, text: "" };
    if (kept !== first) received.set(id, kept);
    if (end === undefined) waiting.add(id);
    else waiting.delete(id);
    if (end?.outcome === "asked" && !answered.has(id)) asked.add(id);
    else asked.delete(id);
    if (end?.outcome === "done" && end.proposal === LIVE) live.add(id);
    else live.delete(id);
    if (end !== undefined && end.reply.length > 0 && !replied.has(id)) unanswered.add(id);
    else unanswered.delete(id);
    commands.set(id, {
      id,
      received: kept,
      settled: end,
      answeredBy: answered.get(id)?.by,
    });
  };
  const releaseKey = (lease: string, epoch: number, holder: string): string => `${lease} ${epoch} ${holder}`;

  const applyLease = (body: Extract<ChatBody, { kind: `lease.${string}` }>, stamp: Stamp, member: string): void => {
    if (body.kind === "lease.release") {
      released.add(releaseKey(body.lease, body.epoch, member));
      const known = leases.get(body.lease);
      if (known?.epoch === body.epoch && known.holder === member) leases.set(body.lease, { ...known, released: true });
      return;
    }
    const known = leases.get(body.lease);
    const isBetter =
      known === undefined ||
      body.epoch > known.epoch ||
      (body.epoch === known.epoch && compareStamp(stamp, known.stamp) < 0);
    if (!isBetter) return;
    leases.set(body.lease, {
      op: stamp.id,
      holder: member,
      epoch: body.epoch,
      ttlMs: body.ttl,
      released: released.has(releaseKey(body.lease, body.epoch, member)),
      stamp,
    });
  };
  const noteWhere = ({ account, room, at, direct, principal }: Omit<ReceiveBody, "kind">): void => {
    const place = `${account} ${room}`;
    lastInbound.set(place, Math.max(at, lastInbound.get(place) ?? 0));
    const known = directRooms.get(principal);
    const isLater =
      known === undefined ||
      at > known.at ||
      (at === known.at && compareText(place, `${known.account} ${known.room}`) > 0);
    if (direct && isLater) directRooms.set(principal, { account, room, at });
  };
  const applySettle = ({ kind: _kind, command, ...rest }: SettleBody, stamp: Stamp): void => {
    // Also when another settling of the command counts: what stands before this one in its write was done.
    const before = answered.get(rest.answers);
    if (rest.answers !== "" && (before === undefined || compareStamp(stamp, before.stamp) < 0)) {
      answered.set(rest.answers, { by: command, stamp });
      joinCommand(rest.answers);
    }
    const known = settled.get(command);
    if (known !== undefined && compareSettling({ ...rest, stamp }, known) >= 0) return;
    settled.set(command, { ...rest, stamp });
    joinCommand(command);
  };
  const applySent = (marks: readonly SentMark[], stamp: Stamp): void => {
    for (const mark of marks) {
      if (mark.purpose === "reply") {
        replied.add(mark.about);
        unanswered.delete(mark.about);
      }
      // What was seen in the room counts, also where another node's word about the same key does: a message is answered by
      // its own id.
      const subject = `${mark.account} ${mark.room} ${mark.about}`;
      if (mark.result === "sent") lastSaid.set(subject, Math.max(stamp.wall, lastSaid.get(subject) ?? 0));
      if (mark.message !== "") keepEarliest(messages, messageKey(mark.account, mark.room, mark.message), mark, stamp);
      keepEarliest(sent, mark.key, mark, stamp);
    }
  };
  const apply = (body: ChatBody, stamp: Stamp, { member, role }: Standing): void => {
    switch (body.kind) {
      case "lease.claim":
      case "lease.release":
        return applyLease(body, stamp, member);
      case "chat.receive": {
        const { kind: _kind, ...rest } = body;
        noteWhere(rest);
        const id = commandIdOf(body.account, body.event, sha256);
        const known = received.get(id);
        if (known !== undefined && compareStamp(stamp, known.stamp) >= 0) return undefined;
        received.set(id, { ...rest, stamp });
        return joinCommand(id);
      }
      case "chat.settle":
        return applySettle(body, stamp);
      case "chat.sent":
        return applySent(body.sends, stamp);
      case "chat.spend": {
        const key = `${body.account} ${body.budget}`;
        const times = spent.get(key) ?? [];
        times.push(stamp.wall);
        spent.set(key, times);
        return undefined;
      }
      case "notice.set": {
        const key = `${body.target} ${body.field}`;
        const known = settings.get(key);
        if (known !== undefined && compareStamp(stamp, known.stamp) <= 0) return undefined;
        settings.set(key, { value: body.value, stamp });
        values.set(key, body.value);
        return undefined;
      }
      case "timer.set": {
        const { kind: _kind, timer, ...rest } = body;
        const known = timers.get(timer);
        if (known !== undefined && compareStamp(stamp, known.stamp) >= 0) return undefined;
        timers.set(timer, { ...rest, id: timer, cancelled: cancelled.has(timer), stamp });
        return undefined;
      }
      case "timer.plan":
        return planned.set(body, stamp);
      case "timer.fire":
        return planned.fire(body.timer, body.occurrence);
      case "timer.cancel": {
        planned.cancel(body.timer);
        cancelled.add(body.timer);
        const known = timers.get(body.timer);
        if (known !== undefined) timers.set(body.timer, { ...known, cancelled: true });
        return undefined;
      }
      case "person.invite":
      case "person.link":
      case "person.unlink":
      case "person.role":
        return people.apply(body, stamp, role);
      default:
        return body satisfies never;
    }
  };

  return {
    leases,
    commands,
    waiting,
    asked,
    live,
    unanswered,
    sent,
    lastSaid,
    lastInbound,
    directRooms,
    messages,
    timers,
    plans: planned.plans,
    fired: planned.fired,
    settings: values,
    spent,
    people: () => people.people(),
    apply: (body, stamp, standing) => {
      // What comes from a room has the effects of an operator's commands.
      if (!roleAtLeast(standing.role, "operator")) return false;
      apply(body, stamp, standing);
      return true;
    },
  };
}

const ENDS: readonly SettleBody["outcome"][] = ["done", "asked", "refused", "ignored"];

/**
 * Negative when `a` counts. Two nodes that did not hear of each other may end one command in two ways: that it was done stays
 * true, because what was done stays.
 */
const compareSettling = (a: Pick<Settling, "outcome" | "stamp">, b: Pick<Settling, "outcome" | "stamp">): number =>
  ENDS.indexOf(a.outcome) - ENDS.indexOf(b.outcome) || compareStamp(a.stamp, b.stamp);

const RESULTS: readonly SentMark["result"][] = ["sent", "suppressed", "failed"];

function keepEarliest(marks: Map<string, Said>, key: string, mark: SentMark, stamp: Stamp): void {
  const known = marks.get(key);
  if (known === undefined || compareMark({ ...mark, stamp }, known) < 0) marks.set(key, { ...mark, stamp });
}

/** Negative when `a` counts: that it was sent stays true whoever says that it failed. */
const compareMark = (
  a: Pick<SentMark, "result"> & { readonly stamp: Stamp },
  b: Pick<SentMark, "result"> & { readonly stamp: Stamp },
): number => RESULTS.indexOf(a.result) - RESULTS.indexOf(b.result) || compareStamp(a.stamp, b.stamp);
