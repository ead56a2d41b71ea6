/** Commands about timers: work that begins at a time or every so often, and what cancels it or a reminder. */
import { CHAT_ENTITY } from "../chat/chat-fold.ts";
import { toHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { PlanBody } from "../op/chat-bodies.ts";
import type { CommandError } from "./error.ts";
import { badLine, type DecideContext, type Decided, fail } from "./deciding.ts";
import { findItem } from "./find.ts";
import type { CommandInput } from "./registry.ts";

/** Dates and time zones, which the core knows nothing of. */
export interface Calendar {
  /** Unix ms of a date and time as people write it; in this zone when it names no offset. */
  readonly momentOf: (text: string, zone: string) => Result<number, string>;
  /** The first occurrence of a cron expression after this moment. */
  readonly firstOf: (cron: string, zone: string, afterMs: number) => Result<number, string>;
}

type Add = CommandInput<"timer.add">;

/** Each is looked at by every node, again and again. */
const TIMERS_MAX = 500;

export function addTimer(input: Add, context: DecideContext): Decided {
  const { view, calendar, wallMs } = context;
  if (calendar === undefined) return fail("unavailable", "Timers are set on a node, not here.");
  const when = whenOf(input, calendar, wallMs);
  if (!when.ok) return fail("bad-input", when.error);
  const what = whatOf(input, context);
  if (!what.ok) return what;
  const waiting = [...view.chat.plans.values()].filter(({ id, cancelled, cron }) => {
    const isOver = cron === "" && (view.chat.fired.get(id) ?? []).length > 0;
    return !cancelled && !isOver;
  });
  if (waiting.length >= TIMERS_MAX) {
    return fail("not-legal", `There are ${TIMERS_MAX} timers already. \`skein timers\` lists them; cancel some.`);
  }
  const timer = timerIdFrom(context.idBytes);
  const body: PlanBody = { kind: "timer.plan", timer, ...when.value, ...what.value, by: context.by };
  return ok({ drafts: [{ entity: CHAT_ENTITY, body, on: null }], item: null });
}

const timerIdFrom = (bytes: Uint8Array): string => toHex(bytes.slice(0, 6));

type When = Pick<PlanBody, "at" | "cron" | "zone" | "catchUp">;

function whenOf({ at, cron, zone, catchUp }: Add, calendar: Calendar, nowMs: number): Result<When, string> {
  if (at !== undefined && cron === undefined) {
    const moment = calendar.momentOf(at, zone);
    if (!moment.ok) return moment;
    if (moment.value <= nowMs) return err(`${at} is over already. Give a time that is still to come.`);
    return ok({ at: moment.value, cron: "", zone, catchUp });
  }
  if (cron === undefined || at !== undefined) return err("Say when: either --at with one time, or --cron.");
  const first = calendar.firstOf(cron, zone, nowMs);
  return first.ok ? ok({ at: 0, cron, zone, catchUp }) : first;
}

type What = Pick<PlanBody, "does" | "item" | "title" | "text" | "priority" | "labels" | "start">;

function whatOf(input: Add, { view }: DecideContext): Result<What, CommandError> {
  const { title = "", text, priority, labels, start, action, item } = input;
  const problem = [title, ...labels].map(badLine).find((found) => found !== undefined);
  if (problem !== undefined) return fail("bad-input", problem);
  if (action === "add") {
    if (title === "" || item !== undefined) {
      return fail("bad-input", "Give the title of the item to add, or --item with --action start or retry.");
    }
    return ok({ does: action, item: "", title, text, priority, labels, start });
  }
  if (title !== "" || item === undefined) return fail("bad-input", `Give --item, and no title, to ${action} an item.`);
  const found = findItem(view, item);
  if (!found.ok) return found;
  return ok({ does: action, item: found.value.id, title: "", text: "", priority: 0, labels: [], start: false });
}

export function cancelTimer({ timer }: CommandInput<"timer.cancel">, { view }: DecideContext): Decided {
  const all = [...view.chat.timers.values(), ...view.chat.plans.values()];
  const found = all.filter(({ id, cancelled }) => id.startsWith(timer) && !cancelled);
  const [one] = found;
  if (one === undefined || found.length > 1) {
    const message =
      one === undefined ? `There is no reminder or timer ${timer}.` : `${timer} may be more than one. Give more of it.`;
    return err({ code: one === undefined ? "not-found" : "ambiguous", message });
  }
  return ok({ drafts: [{ entity: CHAT_ENTITY, body: { kind: "timer.cancel", timer: one.id }, on: null }], item: null });
}
