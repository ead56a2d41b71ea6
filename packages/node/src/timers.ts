/**
 * Fires the timers that bring work about. The timers are in the log, so every node has the same; each looks at its own wall
 * clock, and the first in rendezvous order tries first, the others only when nothing came of that.
 *
 * One occurrence has one effect however many nodes fire it: an item that it adds has an id that follows from the timer and
 * the occurrence, and starting an item twice on one head is starting it once. So no lease is needed, and a partition, a
 * clock that is wrong or a node that restarts with an old log costs an op and nothing else.
 */
import {
  CHAT_ENTITY,
  type CommandError,
  type Crypto,
  decide,
  type DecideContext,
  type Draft,
  encode,
  err,
  FIRED_REMEMBERED,
  ok,
  parseCommand,
  type Plan,
  rankOf,
  type Replica,
  type Result,
  type Role,
  roleAtLeast,
} from "@skein/core";

import { parseSchedule } from "./cron.ts";
import type { Journal } from "./journal.ts";
import type { Logger } from "./logger.ts";
import type { Cancel, Clock } from "./ports.ts";

export interface Timers {
  start(): void;
  /** Something changed in the log. */
  look(): void;
  stop(): void;
  /** When it is due next by this node's clock; undefined when it is not any more. */
  nextOf(plan: Plan): number | undefined;
}

export interface TimersDeps {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly replica: Replica;
  readonly journal: Pick<Journal, "write" | "problem">;
  readonly log: Logger;
  readonly self: () => { readonly key: string; readonly role: Role };
  /** Ids of the members that are alive, without this one. */
  readonly alive: () => readonly string[];
}

const LOOK_MS = 1_000;
/** The k-th node waits so long k times before it fires. */
const STAGGER_MS = 2_000;
/** A node that was away may not have heard yet that somebody has fired this. */
const LATE_MS = 60_000;
const LATE_WAIT_MS = 5_000;
/** Without catching up, what is older than this is not fired any more. */
const MISSED_MS = 5 * 60_000;

interface Span {
  /** What was due last at `from`, and still is until `next`. */
  readonly latest: number | undefined;
  readonly from: number;
  readonly next: number;
}

export function createTimers(deps: TimersDeps): Timers {
  const { clock, crypto, replica, log } = deps;
  const spans = new Map<string, Span>();
  const dueSince = new Map<string, { readonly occurrence: number; readonly atMs: number }>();
  /** The last one that this node has fired itself: the log may have no room to remember it. */
  const lastFired = new Map<string, number>();
  let cancel: Cancel | undefined;
  let started = false;
  let firing = false;

  const tick = (): void => {
    cancel = undefined;
    if (replica.view().chat.plans.size === 0) return;
    cancel = clock.after(LOOK_MS, tick);
    if (firing) return;
    firing = true;
    void fireDue().finally(() => {
      firing = false;
    });
  };
  const fireDue = async (): Promise<void> => {
    const { key, role } = deps.self();
    if (!roleAtLeast(role, "operator") || deps.journal.problem() !== undefined) return;
    for (const plan of replica.view().chat.plans.values()) {
      const occurrence = dueOf(plan, replica, clock.wallMs(), spans);
      if (occurrence === undefined || lastFired.get(plan.id) === occurrence) dueSince.delete(plan.id);
      else if (isMyTurn(plan.id, occurrence, key)) await fire(plan, occurrence);
    }
  };
  const isMyTurn = (timer: string, occurrence: number, self: string): boolean => {
    const nowMs = clock.monoMs();
    const known = dueSince.get(timer);
    const since = known?.occurrence === occurrence ? known.atMs : nowMs;
    dueSince.set(timer, { occurrence, atMs: since });
    const others = deps.alive().filter((id) => mayFire(replica, id));
    const rank = rankOf(self, [self, ...others], { item: timer, epoch: occurrence }, crypto);
    const late = clock.wallMs() - occurrence > LATE_MS ? LATE_WAIT_MS : 0;
    return nowMs - since >= rank * STAGGER_MS + late;
  };
  const fire = async (plan: Plan, occurrence: number): Promise<void> => {
    const written = await deps.journal.write<CommandError>(() => {
      const now = replica.view().chat.plans.get(plan.id);
      if (now === undefined || dueOf(now, replica, clock.wallMs(), spans) !== occurrence) return err(NOT_DUE);
      return ok(draftsOf(now, occurrence, contextOf(deps, plan.id, occurrence), log));
    });
    if (written.ok) {
      lastFired.set(plan.id, occurrence);
      log("info", "timer.fired", { timer: plan.id, occurrence });
    } else log("debug", "timer.not-fired", { timer: plan.id, message: written.error.message });
  };

  return {
    start: () => {
      started = true;
      tick();
    },
    look: () => {
      if (started && cancel === undefined) tick();
    },
    stop: () => {
      started = false;
      cancel?.();
      cancel = undefined;
    },
    nextOf: (plan) => {
      if (plan.cron === "") return plan.at;
      const { next } = spanOf(plan, clock.wallMs(), spans);
      return Number.isFinite(next) ? next : undefined;
    },
  };
}

const NOT_DUE: CommandError = { code: "not-legal", message: "it is not due any more" };

function mayFire(replica: Replica, id: string): boolean {
  const role = replica.view().membership.members.get(id)?.role;
  return role !== undefined && roleAtLeast(role, "operator");
}

/** The occurrence that is to be fired now, by this wall clock. */
function dueOf(plan: Plan, replica: Replica, wallMs: number, spans: Map<string, Span>): number | undefined {
  if (plan.cancelled) return undefined;
  const latest = plan.cron === "" ? plan.at : spanOf(plan, wallMs, spans).latest;
  if (latest === undefined || latest > wallMs || (plan.cron !== "" && latest <= plan.stamp.wall)) return undefined;
  const fired = replica.view().chat.fired.get(plan.id) ?? [];
  // Of those that are not remembered any more, later ones were fired; what a clock ahead of this one has fired says nothing of
  // those before it, which have not come yet. Then it may be all that is remembered, for as long as that clock was ahead.
  const oldest = fired.length < FIRED_REMEMBERED ? undefined : fired.at(-1);
  const isForgotten = oldest !== undefined && oldest <= wallMs && latest < oldest;
  if (fired.includes(latest) || isForgotten) return undefined;
  return plan.catchUp === "none" && wallMs - latest > MISSED_MS ? undefined : latest;
}

/** Working out an occurrence costs more than looking at it each second, so it is done once for each. */
function spanOf(plan: Plan, wallMs: number, spans: Map<string, Span>): Span {
  const known = spans.get(plan.id);
  if (known !== undefined && wallMs >= known.from && wallMs < known.next) return known;
  const parsed = parseSchedule(plan.cron, plan.zone);
  const span: Span = {
    // What this version cannot read is for others to fire.
    latest: parsed.ok ? parsed.value.latest(wallMs) : undefined,
    from: wallMs,
    next: (parsed.ok ? parsed.value.next(wallMs) : undefined) ?? Number.POSITIVE_INFINITY,
  };
  spans.set(plan.id, span);
  return span;
}

function contextOf(deps: TimersDeps, timer: string, occurrence: number): DecideContext {
  const { key: self, role } = deps.self();
  return {
    view: deps.replica.view(),
    heads: deps.replica.heads(),
    self,
    role,
    wallMs: deps.clock.wallMs(),
    // The same on every node.
    idBytes: deps.crypto.sha256(encode(["skein/timer/1", timer, occurrence])).slice(0, 8),
    ticketKey: new Uint8Array(),
    pairingHash: new Uint8Array(),
    by: "",
  };
}

/** What the occurrence brings about, and that it is over; that alone when nothing can come of it any more. */
function draftsOf(plan: Plan, occurrence: number, context: DecideContext, log: Logger): readonly Draft[] {
  const over: Draft = {
    entity: CHAT_ENTITY,
    on: null,
    body: { kind: "timer.fire", timer: plan.id, occurrence },
  };
  const brought = broughtAbout(plan, context);
  if (brought.ok) return [...brought.value, over];
  log("warn", "timer.in-vain", { timer: plan.id, message: brought.error.message });
  return [over];
}

function broughtAbout(plan: Plan, context: DecideContext): Result<readonly Draft[], CommandError> {
  const { does, item, title, text, priority, labels, start } = plan;
  if (does === "add") return decided("item.add", { title, text, priority, labels, start }, context);
  if (does === "start") return decided("item.start", { item }, context);
  const restored = decided("item.restore", { item }, context);
  if (!restored.ok) return restored;
  return ok([...restored.value, { entity: item, on: { draft: 0 }, body: { kind: "item.start" } }]);
}

function decided(name: string, input: object, context: DecideContext): Result<readonly Draft[], CommandError> {
  const parsed = parseCommand(name, input);
  if (!parsed.ok) return parsed;
  const drafts = decide(parsed.value.command, context);
  return drafts.ok ? ok(drafts.value.drafts) : drafts;
}
