/**
 * Questions that the mesh asks back before it does something: found again by their code, by a reaction or button on the
 * message that asked, or because only one is open here.
 */
import { type ChatView, messageKey, type RoomCommand } from "@skein/core";

/** A question is good for so long, and a command from a room is done without asking only while it is so young. */
export const FRESH_MS = 10 * 60_000;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Four digits of Crockford's base 32 from the command's id: enough to tell the few that are open apart. */
export function codeOf(command: string): string {
  const bits = Number.parseInt(command.slice(0, 5), 16);
  return [15, 10, 5, 0].map((shift) => ALPHABET.charAt((bits >> shift) & 31)).join("");
}

export interface Place {
  readonly account: string;
  readonly room: string;
  readonly thread: string;
}

/** Open questions, the newest first. */
const openQuestions = (chat: ChatView): readonly RoomCommand[] =>
  [...chat.asked]
    .flatMap((id) => chat.commands.get(id) ?? [])
    .toSorted((a, b) => (b.settled?.stamp.lamport ?? 0) - (a.settled?.stamp.lamport ?? 0));

const isFresh = ({ settled }: RoomCommand, nowMs: number): boolean => nowMs - (settled?.stamp.wall ?? 0) <= FRESH_MS;

/**
 * The questions with this code that are still good; when none is, the newest that was. There can be more than one: whoever may
 * choose the ids of their messages can make a question with the code of another.
 */
export function byCode(chat: ChatView, code: string, nowMs: number): readonly RoomCommand[] {
  const all = openQuestions(chat).filter(({ id }) => codeOf(id) === code.trim().toLowerCase());
  const good = all.filter((one) => isFresh(one, nowMs));
  return good.length > 0 ? good : all.slice(0, 1);
}

/** The question that this message of the mesh asked. */
export function byMessage(
  chat: ChatView,
  { account, room }: Pick<Place, "account" | "room">,
  message: string,
): RoomCommand | undefined {
  const about = chat.messages.get(messageKey(account, room, message))?.about;
  return about === undefined || !chat.asked.has(about) ? undefined : chat.commands.get(about);
}

/** The only one here that is still good; undefined when there is none or a choice. */
export function onlyOneHere(chat: ChatView, place: Place, nowMs: number): RoomCommand | undefined {
  const here = openQuestions(chat).filter(
    (one) =>
      isFresh(one, nowMs) &&
      one.received.account === place.account &&
      one.received.room === place.room &&
      one.received.thread === place.thread,
  );
  return here.length === 1 ? here[0] : undefined;
}
