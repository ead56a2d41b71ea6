/**
 * Who is told what, how loudly, when and in which language: rooms of the configuration, and persons in their direct
 * conversation. What somebody said in the room (`tell`, `quiet`, `digest`, …) goes before the configuration.
 */
import type { ChatView, View } from "@skein/core";

import { type AccountSettings, VERBOSITIES, type Verbosity } from "../account.ts";
import { type Locale, LOCALES } from "./phrases.ts";
import { parseQuietHours, type QuietHours } from "./quiet-hours.ts";

export interface Target {
  /** What its settings are kept under. */
  readonly id: string;
  readonly room: string;
  readonly direct: boolean;
  readonly verbosity: Verbosity;
  readonly quiet: QuietHours | undefined;
  /** 0: at once. */
  readonly digestMs: number;
  readonly locale: Locale;
  readonly zone: string;
  /** How much it is told of this item. */
  readonly verbosityOf: (item: string) => Verbosity;
}

export const roomTarget = (account: string, room: string): string => `room ${account} ${room}`;
export const personTarget = (name: string): string => `person ${name}`;

/** Everybody whom this account may have to tell something. */
export function targetsOf(account: AccountSettings, { chat }: View): readonly Target[] {
  const named = account.rooms.filter(({ id }) => id !== "*");
  const isNamed = new Set(named.map(({ id }) => id));
  // A room that is only let in with all others is told nothing until somebody there has asked for it.
  const asked = account.rooms.some(({ id }) => id === "*") ? roomsThatAsked(account, chat) : [];
  const others = asked.filter((id) => !isNamed.has(id)).map((id) => ({ id, notices: "nothing" as const }));
  const rooms = [...named, ...others].map(({ id, notices }) =>
    targetOf(chat, roomTarget(account.id, id), { room: id, direct: false, verbosity: notices }),
  );
  const persons = [...chat.people().persons.values()].flatMap(({ name, principals, role }) => {
    const known = principals.flatMap((principal) => chat.directRooms.get(principal) ?? []);
    const [latest] = known.toSorted((a, b) => b.at - a.at);
    // Somebody with two accounts hears it once, where they spoke last.
    if (role === "none" || latest?.account !== account.id) return [];
    return [targetOf(chat, personTarget(name), { room: latest.room, direct: true, verbosity: "nothing" })];
  });
  return [...rooms, ...persons];
}

/** Settings are kept under the target and the field, with a space between; a field has none. */
function roomsThatAsked({ id }: AccountSettings, { settings }: ChatView): readonly string[] {
  const before = roomTarget(id, "");
  const keys = [...settings.keys()].filter((key) => key.startsWith(before));
  return [...new Set(keys.map((key) => key.slice(before.length, key.lastIndexOf(" "))))];
}

export const localeOf = ({ settings }: ChatView, target: string): Locale =>
  LOCALES.find((one) => one === settings.get(`${target} locale`)) ?? "en";

function targetOf(
  chat: ChatView,
  id: string,
  { room, direct, verbosity }: Pick<Target, "room" | "direct" | "verbosity">,
): Target {
  const get = (field: string): string | undefined => chat.settings.get(`${id} ${field}`);
  const zone = get("zone") ?? "UTC";
  const level = VERBOSITIES.find((one) => one === get("verbosity")) ?? verbosity;
  return {
    id,
    room,
    direct,
    verbosity: level,
    quiet: parseQuietHours(get("quiet") ?? "", zone),
    digestMs: Number(get("digest") ?? 0),
    locale: localeOf(chat, id),
    zone,
    verbosityOf: (item) => {
      const own = get(`item/${item}`);
      if (own === "off") return "nothing";
      return own === "on" && VERBOSITIES.indexOf(level) < VERBOSITIES.indexOf("stages") ? "stages" : level;
    },
  };
}

export const wants = (has: Verbosity, needs: Verbosity): boolean =>
  VERBOSITIES.indexOf(has) >= VERBOSITIES.indexOf(needs);
