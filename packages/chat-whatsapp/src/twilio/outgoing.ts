/** What is posted to Twilio for a message, and the rules it has to keep before it is sent at all. */
import type { OutgoingMessage } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";

import { oneLine, render } from "../markup.ts";
import { CLOSED, isWindowOpen } from "../window.ts";
import { callbackUrl } from "./callback.ts";
import { isAddress } from "./inbound.ts";
import type { TwilioSettings } from "./settings.ts";

export const TEXT_MAX = 1_600;

type Fields = Readonly<Record<string, string>>;

/** The form, or why it can never be sent. */
export function formOf(message: OutgoingMessage, settings: TwilioSettings, nowMs: number): Result<Fields, string> {
  if (!isWindowOpen(message.lastInboundMs, nowMs)) return templateForm(message, settings);
  const envelope = envelopeOf(message, settings);
  if (!envelope.ok) return envelope;
  const text = render(message.body);
  if (text === "") return err("the message has no text");
  if (text.length > TEXT_MAX) return err(`the message has ${text.length} characters, and Twilio takes ${TEXT_MAX}`);
  return ok({ ...envelope.value, Body: text });
}

/** Everything as one line in the template's one variable. */
export function templateForm(message: OutgoingMessage, settings: TwilioSettings): Result<Fields, string> {
  const { template } = settings;
  if (template === undefined) return err(CLOSED);
  const envelope = envelopeOf(message, settings);
  if (!envelope.ok) return envelope;
  const text = oneLine(message.body, template.maxText);
  if (text === "") return err("the message has no text");
  return ok({
    ...envelope.value,
    ContentSid: template.contentSid,
    ContentVariables: JSON.stringify({ [template.variable]: text }),
  });
}

function envelopeOf(message: OutgoingMessage, { from, publicUrl }: TwilioSettings): Result<Fields, string> {
  if (!isAddress(message.room)) return err("the room is no address of WhatsApp at Twilio");
  return ok({
    To: message.room,
    From: `whatsapp:${from}`,
    StatusCallback: callbackUrl(publicUrl, message.key),
  });
}
