/** Verbs by which a room or a person says what it wants to be told, and reminders. */
import { type Body, type ChatBody, findItem, isLive, plain, roleAtLeast, type RoomCommand } from "@skein/core";

import { VERBOSITIES } from "./account.ts";
import { forRooms } from "./answers.ts";
import type { Authority } from "./authority.ts";
import type { JudgeContext, Judgement } from "./judgement.ts";
import { LOCALES } from "./notices/phrases.ts";
import { isZone, parseQuietHours } from "./notices/quiet-hours.ts";
import { personTarget, roomTarget } from "./notices/targets.ts";

type Input = Readonly<Record<string, string>>;

const settle = (outcome: "done" | "refused", reply: Body, effects: readonly ChatBody[] = []): Judgement => ({
  type: "settle",
  settling: { outcome, reply, item: "", proposal: "", version: "", answers: "" },
  effects,
});

const refuse = (message: string): Judgement => settle("refused", [plain(message)]);

export function judgeSetting(
  verb: string,
  input: Input,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  if (verb === "remind") return judgeReminder(input, command, authority, context);
  const fields = fieldsOf(verb, input, context);
  if (typeof fields === "string") return refuse(fields);
  const target = targetFor(input["whom"], command, authority);
  if (typeof target !== "object") return refuse(target);
  const effects = fields.map(([field, value]): ChatBody => ({ kind: "notice.set", target: target.id, field, value }));
  return settle("done", [plain(`Good. ${target.who} from now on.`)], effects);
}

/** Somebody speaks for themselves; for a room, whoever may change what happens there. */
function targetFor(
  whom: string | undefined,
  { received }: RoomCommand,
  { person, role }: Authority,
): { readonly id: string; readonly who: string } | string {
  const isMe = whom === "me" || (whom === undefined && received.direct);
  if (whom !== undefined && whom !== "me" && whom !== "here") return `Say me or here, not ${whom.slice(0, 30)}.`;
  if (isMe) {
    if (person === undefined) return "I do not know you yet, so there is nothing to keep for you.";
    return { id: personTarget(person.name), who: "For you" };
  }
  if (role === undefined || !roleAtLeast(role, "operator")) {
    return "What a room is told is for operators to say. For yourself, say me at the end.";
  }
  return { id: roomTarget(received.account, received.room), who: "For this room" };
}

type Fields = readonly (readonly [string, string])[];

/** The settings that a verb changes, or a sentence. */
function fieldsOf(verb: string, input: Input, context: JudgeContext): Fields | string {
  switch (verb) {
    case "tell": {
      const level = VERBOSITIES.find((one) => one === input["level"]?.toLowerCase());
      return level === undefined ? `Say one of ${VERBOSITIES.join(", ")}.` : [["verbosity", level]];
    }
    case "quiet":
      return quietFields(input);
    case "digest": {
      if (input["every"] === "off") return [["digest", "0"]];
      const every = durationMs(input["every"] ?? "");
      const fits = every !== undefined && every >= 5 * MINUTE_MS && every <= 7 * DAY_MS;
      return fits ? [["digest", String(every)]] : "Say how often, from 5m to 7d, or off.";
    }
    case "language": {
      const locale = LOCALES.find((one) => one === input["locale"]?.toLowerCase());
      return locale === undefined ? `Say one of ${LOCALES.join(", ")}.` : [["locale", locale]];
    }
    case "subscribe":
    case "mute": {
      const item = findItem(context.view, input["item"] ?? "");
      if (!item.ok || !isLive(item.value)) return item.ok ? "That item is gone." : forRooms(item.error.message);
      return [[`item/${item.value.id}`, verb === "mute" ? "off" : "on"]];
    }
    default:
      return `I cannot do ${verb} yet.`;
  }
}

function quietFields({ hours = "", zone }: Input): Fields | string {
  if (hours === "off") return [["quiet", ""]];
  const where = zone === undefined || zone === "me" || zone === "here" ? "UTC" : zone;
  if (!isZone(where)) return `I do not know the time zone ${where.slice(0, 40)}. Say one like Europe/Berlin.`;
  if (parseQuietHours(hours, where) === undefined) return "Say the hours like 22:00-07:00, or off.";
  return [
    ["quiet", hours],
    ["zone", where],
  ];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: 60 * MINUTE_MS, d: DAY_MS };

function durationMs(text: string): number | undefined {
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0);
}

const REMINDER_MAX_MS = 366 * DAY_MS;

function judgeReminder(
  { item, after = "", text = "" }: Input,
  { id, received }: RoomCommand,
  { role }: Authority,
  { view, nowMs }: JudgeContext,
): Judgement {
  if (role === undefined || !roleAtLeast(role, "operator")) return refuse("Reminders need the role operator.");
  const delay = durationMs(after);
  if (delay === undefined || delay > REMINDER_MAX_MS) return refuse("Say when, like 20m, 2h or 1d.");
  const found = item === undefined ? undefined : findItem(view, item);
  if (found !== undefined && !found.ok) return refuse(forRooms(found.error.message));
  const timer = id.slice(0, 12);
  // Counted from when it was said: what came in late is due the sooner.
  const due = nowMs + delay - Math.min(delay, Math.max(0, nowMs - received.at));
  const body: ChatBody = {
    kind: "timer.set",
    timer,
    due,
    account: received.account,
    room: received.room,
    thread: received.thread,
    item: found?.value.id ?? "",
    text: text.slice(0, 500),
    by: received.principal,
  };
  const when = new Date(due).toISOString().slice(0, 16).replace("T", " ");
  return settle("done", [plain(`I will, at ${when} UTC. `), plain(`forget ${timer.slice(0, 6)} cancels it.`)], [body]);
}
