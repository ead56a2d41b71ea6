/**
 * What a person did, or what became of a message, out of one form that Twilio posts. Only WhatsApp counts: the sender of an
 * SMS can be anybody.
 */
import type { DeliveryStatus, InboundEvent, WebhookRequest } from "@skein/chat";

import { clean } from "../markup.ts";
import { isUserId, isWaId, principalOf } from "../person.ts";
import { keyOf } from "./callback.ts";
import { explain } from "./errors.ts";
import type { TwilioSettings } from "./settings.ts";

export type Posted =
  | { readonly type: "event"; readonly event: InboundEvent }
  | { readonly type: "status"; readonly status: DeliveryStatus }
  /** Of no concern here. */
  | { readonly type: "nothing" };

const NOTHING: Posted = { type: "nothing" };

/** A field that came exactly once. Of two, somebody might mean the other one. */
type Field = (name: string) => string | undefined;

export function readPosted(request: WebhookRequest, settings: TwilioSettings, nowMs: number): Posted {
  const form = new URLSearchParams(new TextDecoder("utf-8", { ignoreBOM: true }).decode(request.body));
  const field: Field = (name) => {
    const values = form.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  if (field("AccountSid") !== settings.accountSid) return NOTHING;
  const isOwn = (address = ""): boolean => address.replace(/^whatsapp:/, "") === settings.from;
  if (isOwn(field("From"))) return statusOf(field, keyOf(request.url));
  return isOwn(field("To")) ? eventOf(field, nowMs) : NOTHING;
}

/** Kinds of messages whose text was written by the person. */
const WRITTEN: ReadonlySet<string> = new Set(["text", "interactive", "button", "image", "video", "audio", "document"]);

function eventOf(field: Field, nowMs: number): Posted {
  const id = field("MessageSid");
  const person = personOf(field);
  if (id === undefined || !isSid(id) || person === undefined) return NOTHING;
  if (field("Forwarded") === "true" || field("FrequentlyForwarded") === "true") return NOTHING;
  if (!WRITTEN.has((field("MessageType") ?? "text").toLowerCase())) return NOTHING;
  const replied = field("OriginalRepliedMessageSid");
  const quotes = replied !== undefined && isSid(replied) ? replied : null;
  const pressed = field("ButtonPayload") ?? field("ListId") ?? "";
  const text = field("Body") ?? "";
  if (pressed === "" && text.trim() === "") return NOTHING;
  const did =
    pressed === ""
      ? { type: "message" as const, message: id, quotes, text, addressed: false }
      : { type: "button" as const, message: quotes ?? "", quotes: null, text: pressed, addressed: true };
  // Twilio does not say when it was written.
  return { type: "event", event: { id, ...person, direct: true, thread: null, atMs: nowMs, ...did } };
}

function personOf(field: Field): Pick<InboundEvent, "principal" | "room" | "displayName"> | undefined {
  const room = field("From");
  if (room === undefined || !isAddress(room)) return undefined;
  const address = room.slice("whatsapp:".length);
  const external = field("ExternalUserId")?.replace(/^whatsapp:/, "");
  if (external !== undefined && external !== "" && !isUserId(external)) return undefined;
  const userId = external === undefined || external === "" ? undefined : external;
  // WhatsApp's own id may differ from the number (in Brazil or Mexico), and is what Meta says too.
  const named = field("WaId") ?? "";
  const waId = isWaId(named) ? named : address.startsWith("+") ? address.slice(1) : undefined;
  const principal = principalOf(userId ?? (isUserId(address) ? address : undefined), waId);
  return { principal, room, displayName: clean(field("ProfileName") ?? "").slice(0, 200) };
}

/** `whatsapp:+4917…`, or with a user id where WhatsApp shows no number. */
export function isAddress(room: string): boolean {
  if (!room.startsWith("whatsapp:")) return false;
  const address = room.slice("whatsapp:".length);
  return /^\+[1-9]\d{6,14}$/.test(address) || isUserId(address);
}

const isSid = (text: string): boolean => /^(?:SM|MM)[0-9a-zA-Z]{32}$/.test(text);

/** What Twilio has accepted will be sent, and exists: as good as sent. */
const STATUSES: Readonly<Record<string, DeliveryStatus["status"]>> = {
  accepted: "sent",
  queued: "sent",
  sending: "sent",
  sent: "sent",
  delivered: "delivered",
  read: "read",
  failed: "failed",
  undelivered: "failed",
  canceled: "failed",
};

function statusOf(field: Field, key: string | null): Posted {
  const message = field("MessageSid");
  const name = field("MessageStatus") ?? "";
  const status = Object.hasOwn(STATUSES, name) ? STATUSES[name] : undefined;
  if (message === undefined || !isSid(message) || status === undefined) return NOTHING;
  const code = field("ErrorCode") ?? "";
  const reason = status === "failed" && /^[1-9]\d{3,5}$/.test(code) ? { reason: explain(Number(code)) } : {};
  return { type: "status", status: { key, message, status, ...reason } };
}
