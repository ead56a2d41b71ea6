/**
 * What people did, out of Meta's notifications. Only what a person typed or pressed to this number counts: forwards, groups,
 * this number's own echo, media and everything unknown are nothing.
 */
import type { DeliveryStatus, InboundEvent } from "@skein/chat";

import { clean } from "../markup.ts";
import { isUserId, isWaId, principalOf } from "../person.ts";
import { explain } from "./errors.ts";
import { identityChange, unknownIdentity } from "./identity.ts";
import { type Contact, firstProblem, type Message, type Notification, type Read } from "./notification.ts";

export interface Inbound {
  readonly events: readonly InboundEvent[];
  readonly statuses: readonly DeliveryStatus[];
  /** For people: each one sentence. */
  readonly troubles: readonly string[];
}

export function inboundOf({ notifications }: Read): Inbound {
  const updates = notifications.filter(({ field }) => field === "user_id_update");
  const current = notifications.filter(({ field }) => field === "messages");
  return {
    events: current.flatMap((one) => one.messages.flatMap((message) => eventOf(message, one) ?? [])),
    statuses: current.flatMap((one) => one.statuses.flatMap((status) => statusOf(status) ?? [])),
    troubles: [
      ...updates.map(({ value }) => identityChange(value)),
      ...current.flatMap((one) => one.messages.flatMap((message) => troubleOf(message, one) ?? [])),
      ...current.flatMap((one) => one.problems.map((problem) => `Meta reports a problem: ${explain(problem)}.`)),
    ],
  };
}

interface Person {
  readonly principal: string;
  readonly room: string;
  readonly displayName: string;
}

/** Undefined when it cannot be told who it was. Then it was nobody: a guess would be a way to take another's place. */
function personOf(message: Message, { contacts }: Notification): Person | undefined {
  const contact = contacts.find((one) => isSame(one, message));
  const userId = message.from_user_id ?? contact?.user_id;
  const waId = message.from ?? contact?.wa_id;
  if (userId !== undefined && !isUserId(userId)) return undefined;
  if (waId !== undefined && !isWaId(waId)) return undefined;
  const room = waId ?? userId;
  if (room === undefined) return undefined;
  return { principal: principalOf(userId, waId), room, displayName: clean(contact?.profile?.name ?? "").slice(0, 200) };
}

/** The contact that a message names, by its user id or else by its number; never by its place or by a name. */
const isSame = (contact: Contact, message: Message): boolean =>
  message.from_user_id !== undefined && contact.user_id !== undefined
    ? contact.user_id === message.from_user_id
    : message.from !== undefined && contact.wa_id === message.from;

function eventOf(message: Message, notification: Notification): InboundEvent | undefined {
  const { context, group_id: group, from } = message;
  if (context?.forwarded === true || context?.frequently_forwarded === true || group !== undefined) return undefined;
  if (from !== undefined && from === notification.ownNumber) return undefined;
  const did = deedOf(message);
  const person = personOf(message, notification);
  if (did === undefined || person === undefined) return undefined;
  return { id: message.id, ...person, direct: true, thread: null, atMs: Number(message.timestamp) * 1_000, ...did };
}

type Deed = Pick<InboundEvent, "type" | "message" | "quotes" | "text" | "addressed">;

function deedOf(message: Message): Deed | undefined {
  const { id, type, context, text, interactive, button, reaction, edit, revoke } = message;
  const quotes = context?.id ?? null;
  const pressed = interactive?.button_reply?.id ?? interactive?.list_reply?.id ?? button?.payload;
  if (type === "text" && text !== undefined) {
    return { type: "message", message: id, quotes, text: text.body, addressed: false };
  }
  if ((type === "interactive" || type === "button") && pressed !== undefined) {
    return { type: "button", message: context?.id ?? "", quotes: null, text: pressed, addressed: true };
  }
  // Without an emoji it was taken away, which says nothing.
  if (type === "reaction" && reaction?.emoji !== undefined && reaction.emoji !== "") {
    return { type: "reaction", message: reaction.message_id, quotes: null, text: reaction.emoji, addressed: false };
  }
  const changed = type === "edit" ? edit : type === "revoke" ? revoke : undefined;
  if (changed === undefined) return undefined;
  const words = type === "edit" ? (edit?.message?.text?.body ?? "") : "";
  return { type: "edit", message: changed.original_message_id, quotes: null, text: words, addressed: false };
}

function troubleOf(message: Message, notification: Notification): string | undefined {
  if (message.type === "system") return message.system === undefined ? undefined : identityChange(message);
  return deedOf(message) !== undefined && personOf(message, notification) === undefined ? unknownIdentity : undefined;
}

const RANKED: ReadonlySet<string> = new Set<DeliveryStatus["status"]>(["sent", "delivered", "read", "failed"]);

function statusOf(status: Notification["statuses"][number]): DeliveryStatus | undefined {
  if (!isRanked(status.status)) return undefined;
  const key = status.biz_opaque_callback_data;
  const problem = firstProblem(status.errors);
  return {
    // Other programs may send over the same number and put in what they like.
    key: key !== undefined && /^[0-9a-f]{64}$/.test(key) ? key : null,
    message: status.id,
    status: status.status,
    ...(problem === undefined ? {} : { reason: explain(problem) }),
  };
}

const isRanked = (status: string): status is DeliveryStatus["status"] => RANKED.has(status);
