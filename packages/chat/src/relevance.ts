/**
 * Which of all that happens in rooms is meant for the mesh. Only that becomes an op: a room's talk is not the log's.
 * Pure; what somebody may do is asked later, when it is done.
 */
import { type ChatView, LIMITS, messageKey, type ReceiveBody, verbOf } from "@skein/core";

import { type AccountSettings, placeOf, roomOf } from "./account.ts";
import { byMessage } from "./confirmation.ts";
import type { InboundEvent } from "./transport.ts";

export interface RelevanceContext {
  readonly account: AccountSettings;
  readonly chat: ChatView;
  /** An agent waits for an answer about this item. */
  readonly hasQuestion: (item: string) => boolean;
}

/** What is to be made durable of an event; undefined when it is nobody's business here. */
export function relevant(given: InboundEvent, context: RelevanceContext): ReceiveBody | undefined {
  const { account, chat } = context;
  const event = placeOf(given, account);
  // What cannot be written down cannot be answered either; no platform has such ids.
  if (![event.id, event.principal, event.room, event.message].every(isName) || event.id === "") return undefined;
  const isKnown = chat.people().byPrincipal.has(event.principal);
  const room = roomOf(account, event.room);
  if (event.direct ? !isKnown && !isPairing(event.text, account) : room === undefined) return undefined;
  const text = wantedText(event, context);
  if (text === undefined) return undefined;
  return {
    kind: "chat.receive",
    account: account.id,
    event: event.id,
    type: event.type,
    principal: event.principal,
    name: oneLine(event.displayName),
    room: event.room,
    direct: event.direct,
    // Whoever writes a message may say what it hangs on: what cannot be a message's id is none.
    thread: nameOrNone(event.thread),
    message: event.message,
    quotes: nameOrNone(event.quotes),
    // Cut, a story would be another one: what is too long arrives as nothing, and is answered so.
    text: text.length > LIMITS.chatTextLength ? "" : text.replaceAll("\0", "\ufffd"),
    at: Number.isFinite(event.atMs) ? Math.max(0, Math.min(2 ** 48, Math.floor(event.atMs))) : 0,
  };
}

/** An id that an op can hold as it is, so that the hash of it is the same before and after. */
const isName = (id: string): boolean =>
  id.length <= LIMITS.chatIdLength && !UNWRITABLE.test(id) && !id.startsWith("\ufeff");
/** Control characters, and halves of surrogate pairs. */
// oxlint-disable-next-line no-control-regex -- control characters are what ids do not have
const UNWRITABLE = /[\u0000-\u001f\u007f\u2028\u2029\ud800-\udfff]/u;
const nameOrNone = (id: string | null): string => (id !== null && isName(id) ? id : "");

const oneLine = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]/g, " ").slice(0, LIMITS.nameLength);

const isPairing = (text: string, { prefixes }: AccountSettings): boolean =>
  /^\s*(?:pair|link)\s/i.test(withoutPrefix(text, prefixes) ?? text);

/** The line without what it was addressed by; undefined when it is not addressed to the mesh. */
function wantedText(event: InboundEvent, { account, chat, hasQuestion }: RelevanceContext): string | undefined {
  const ours = (message: string | null): boolean =>
    message !== null && chat.messages.has(messageKey(account.id, event.room, message));
  switch (event.type) {
    case "edit":
      return isOwnCommand(event, chat, account.id) ? event.text : undefined;
    case "reaction":
      return byMessage(chat, { account: account.id, room: event.room }, event.message) === undefined
        ? undefined
        : event.text;
    // The platform vouches that the button is ours; that this node has heard of the message yet, nobody does.
    case "button":
    case "slash":
      return event.text;
    case "message": {
      const bare = withoutPrefix(event.text, account.prefixes);
      if (bare !== undefined) return bare;
      if (event.addressed || event.direct) return event.text;
      if (ours(event.quotes)) return event.text;
      return isForThread(event, { account, chat, hasQuestion }) ? event.text : undefined;
    }
    default:
      return event.type satisfies never;
  }
}

/** An edit by whoever wrote it, of a line that waits to be judged or confirmed, takes it back. */
const isOwnCommand = (event: InboundEvent, chat: ChatView, account: string): boolean =>
  [...chat.asked, ...chat.waiting].some((id) => {
    const received = chat.commands.get(id)?.received;
    return (
      received?.account === account &&
      received.room === event.room &&
      received.message === event.message &&
      received.principal === event.principal
    );
  });

/** In an item's own thread a line that begins with a verb is a command, and any line may answer what is asked there. */
function isForThread(event: InboundEvent, { account, chat, hasQuestion }: RelevanceContext): boolean {
  if (event.thread === null) return false;
  const item = chat.messages.get(messageKey(account.id, event.room, event.thread))?.item ?? "";
  if (item === "") return false;
  const [first = ""] = event.text.trim().split(/\s/, 1);
  return verbOf(first.toLowerCase()) !== undefined || hasQuestion(item);
}

function withoutPrefix(text: string, prefixes: readonly string[]): string | undefined {
  const trimmed = text.trimStart();
  for (const prefix of prefixes) {
    if (!trimmed.toLowerCase().startsWith(prefix.toLowerCase())) continue;
    const rest = trimmed.slice(prefix.length);
    if (rest === "" || /^\s/.test(rest)) return rest.trimStart();
  }
  return undefined;
}
