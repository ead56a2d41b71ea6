/**
 * Says what is due, once. Messages of one account go out one after the other; each is marked as sent in the log after the
 * platform has it. A node that takes over finds what is not marked and says it under the same key: a platform that knows keys
 * drops the second one, and on the others it is looked for before it is sent again.
 */
import { CHAT_ENTITY, LIMITS, ok, type SentMark } from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import { contained, reasonOf } from "./contained.ts";
import type { Due } from "./due.ts";
import type { ChatTransport, DeliveryStatus, SendOutcome } from "./transport.ts";

export interface OutboxDeps {
  readonly account: string;
  readonly transport: ChatTransport;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is to be said now, the most urgent first; nothing that is marked. */
  readonly due: () => readonly Due[];
  /** This was just sent, as it is; or it was found, as it was when somebody sent it. */
  readonly onSent: (due: Due, isFound: boolean) => void;
  /**
   * Was this command decided here, and since this session began? Only then nobody can have answered it: what this node itself
   * wrote in a life before comes back to it from others when its log was damaged or put back.
   */
  readonly isOwn: (command: string) => boolean;
  /** Asked before each send: the lease is this node's, and this node was awake all the time. */
  readonly mayAct: () => boolean;
}

export interface Outbox {
  poke(): void;
  /** From now on what is due may have been said by the holder before. */
  tookOver(): void;
  delivered(statuses: readonly DeliveryStatus[]): void;
  idle(): Promise<void>;
}

/** A wait that a person should know of. */
const LONG_MS = 60_000;

/** So that a write of marks stays an op, whatever platforms call their messages. */
const MARKS_AT_ONCE = 10;
const REASON_LENGTH = 300;

/** So long the platform may take to say what became of a message that nobody knows of. */
const UNCERTAIN_MS = 2 * 60_000;

/** The platform's clock may be ahead of this node's. */
const CLOCKS_MS = 2_000;

/** So long it is looked for what the holder before may have said, while the platform cannot tell. */
const LOOK_MS = 20_000;

// One state machine over a few maps: what is held back, what is doubtful, what is under way.
// oxlint-disable-next-line max-lines-per-function
export function createOutbox(deps: OutboxDeps): Outbox {
  const { account, transport, desk, clock, log } = deps;
  /** `room` or "" for the account → not before (monotonic). */
  const heldUntil = new Map<string, number>();
  /** Keys that may be out there already → since when (monotonic) that is so. */
  const doubtful = new Map<string, number>();
  /** Keys that somebody else may have sent → since when (monotonic) the platform cannot tell. */
  const lookedSince = new Map<string, number>();
  /** Sent, and not marked yet because the disk refused. */
  const unmarked = new Map<string, SentMark>();
  /** Keys that were due when this node took over; undefined until it has looked. */
  let inherited: Set<string> | undefined;
  /** Wall time since when this node speaks. What was said earlier may have been answered by somebody who is not heard of. */
  let speaksSinceMs = clock.wallMs();
  let running: Promise<void> | undefined;
  let again = false;

  const isHeld = (room: string): boolean => Math.max(heldUntil.get("") ?? 0, heldUntil.get(room) ?? 0) > clock.monoMs();

  const mark = async (one: Due, result: SentMark["result"], message: string, reason: string): Promise<void> => {
    doubtful.delete(one.mark.key);
    inherited?.delete(one.mark.key);
    lookedSince.delete(one.mark.key);
    unmarked.set(one.mark.key, {
      ...one.mark,
      message: idOrNone(message),
      result,
      reason: reason.slice(0, REASON_LENGTH),
    });
    await saveMarks();
  };
  const saveMarks = async (): Promise<void> => {
    const sends = [...unmarked.values()].slice(0, MARKS_AT_ONCE);
    if (sends.length === 0) return;
    const written = await desk.write(() => ok([{ entity: CHAT_ENTITY, on: null, body: { kind: "chat.sent", sends } }]));
    if (!written.ok) return;
    // What this node writes counts for nothing after its feed forked: unmarked it would be sent again and again.
    for (const { key } of sends) if (desk.view().chat.sent.has(key)) unmarked.delete(key);
  };

  /** A second message under this key is none. */
  const knowsKey = ({ sinceMs }: Due): boolean => {
    const { idempotency, keyMs = Number.POSITIVE_INFINITY } = transport.capabilities;
    return idempotency === "key" && clock.wallMs() - sinceMs < keyMs;
  };
  const send = (one: Due): Promise<Attempt> =>
    // Looking for it may have taken long.
    deps.mayAct() ? safely(() => transport.send(one.message)) : Promise.resolve(PUT_OFF);
  const attempt = async (one: Due): Promise<Attempt> => {
    const { key } = one.mark;
    const byOther = one.command !== undefined && (!deps.isOwn(one.command) || one.sinceMs < speaksSinceMs + CLOCKS_MS);
    const doubt = doubtful.has(key) || inherited?.has(key) !== false || byOther;
    if (!doubt || knowsKey(one)) return send(one);
    const find = transport.find?.bind(transport);
    const found: Attempt =
      find === undefined
        ? { type: "uncertain", reason: "the platform cannot be asked" }
        : await safely(() => find(one.message, one.sinceMs));
    if (found.type === "refused") return send(one);
    if (found.type !== "uncertain" || doubtful.has(key)) return { ...found, isFound: true };
    // This node did not try itself. Perhaps the platform can tell in a moment; if it never can, most likely nobody did.
    const since = lookedSince.get(key) ?? clock.monoMs();
    lookedSince.set(key, since);
    const isPatient = find !== undefined && clock.monoMs() - since < LOOK_MS;
    return isPatient ? { type: "retry", afterMs: 2_000, reason: found.reason, scope: "room" } : send(one);
  };

  const handle = async (one: Due, outcome: Attempt): Promise<void> => {
    switch (outcome.type) {
      case "sent":
        if (outcome.isFound !== true) deps.onSent(one, false);
        await mark(one, "sent", outcome.message, "");
        // It is known as what it is before anybody looks at what it says.
        if (outcome.isFound === true) deps.onSent(one, true);
        return undefined;
      case "refused":
        desk.incident("chat", account, `A message to ${one.mark.room} was not sent: ${outcome.reason}`);
        return mark(one, "failed", "", outcome.reason);
      case "retry":
        heldUntil.set(outcome.scope === "room" ? one.mark.room : "", clock.monoMs() + pauseMs(outcome.afterMs));
        log("debug", "chat.retry", { account, reason: outcome.reason });
        if (outcome.afterMs >= LONG_MS) desk.incident("chat", account, `Messages wait: ${outcome.reason}`);
        return undefined;
      case "uncertain": {
        const known = doubtful.get(one.mark.key);
        const since = known ?? clock.monoMs();
        doubtful.set(one.mark.key, since);
        // Where the platform cannot be asked, only its report or the time ends the doubt, and the room goes on meanwhile.
        const isWaiting = known !== undefined && transport.find === undefined && !knowsKey(one);
        if (!isWaiting) heldUntil.set(one.mark.room, clock.monoMs() + 1_000);
        // Under its key it may be repeated until the platform is back; a transport that fails by itself may fail for ever.
        if ((knowsKey(one) && outcome.isFault !== true) || clock.monoMs() - since < UNCERTAIN_MS) return undefined;
        desk.incident(
          "chat",
          account,
          `Whether a message to ${one.mark.room} was sent is not known: ${outcome.reason}`,
        );
        return mark(one, "failed", "", outcome.reason);
      }
      default:
        return outcome satisfies never;
    }
  };

  const loop = async (): Promise<void> => {
    do {
      again = false;
      await saveMarks();
      const all = deps.due();
      inherited ??= new Set(all.map(({ mark }) => mark.key));
      for (const one of all) {
        if (!deps.mayAct()) return;
        if (isHeld(one.mark.room) || unmarked.has(one.mark.key) || desk.view().chat.sent.has(one.mark.key)) continue;
        if (one.suppressed !== undefined) await mark(one, "suppressed", "", one.suppressed);
        else await handle(one, await attempt(one));
      }
    } while (again);
  };

  return {
    poke: () => {
      again = true;
      running ??= contained("outbox", deps, loop).finally(() => {
        running = undefined;
      });
    },
    tookOver: () => {
      inherited = undefined;
      speaksSinceMs = clock.wallMs();
    },
    delivered: (statuses) => {
      for (const { key, message, status } of statuses) {
        if (key === null || !doubtful.has(key) || status === "failed") continue;
        const one = deps.due().find((due) => due.mark.key === key);
        if (one !== undefined) void contained("outbox", deps, () => mark(one, "sent", message, ""));
      }
    },
    idle: () => running ?? Promise.resolve(),
  };
}

/** `isFault`: the transport threw. `isFound`: not sent now, but looked for. */
type Attempt = SendOutcome & { readonly isFault?: boolean; readonly isFound?: boolean };

/** This node was asleep meanwhile, or is no holder any more: whoever is says it. */
const PUT_OFF: Attempt = { type: "retry", afterMs: 0, reason: "this node may not speak now", scope: "account" };

const PAUSE_MAX_MS = 3_600_000;

/** However long a platform says: it may have meant seconds, and it may be wrong. */
const pauseMs = (afterMs: number): number => Math.max(100, Math.min(PAUSE_MAX_MS, afterMs || 0));

/** As an op can hold it. What is no id is none: then nothing finds the message by it. */
const idOrNone = (message: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what ids do not have
  message.length > LIMITS.chatIdLength || /[\u0000-\u001f\u007f\u2028\u2029]/.test(message) ? "" : message;

/** A transport that throws has a bug; that costs this message a while, and the node nothing. */
async function safely(run: () => Promise<SendOutcome>): Promise<Attempt> {
  try {
    return await run();
  } catch (cause) {
    return { type: "uncertain", reason: `the transport failed: ${reasonOf(cause)}`, isFault: true };
  }
}
