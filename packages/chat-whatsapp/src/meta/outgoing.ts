/** Requests to Meta's `/messages`, and the rules a message has to keep before it is sent at all. */
import type { Button, OutgoingMessage } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";

import { oneLine, render } from "../markup.ts";
import { isUserId, isWaId } from "../person.ts";
import { CLOSED, isWindowOpen } from "../window.ts";
import type { MetaSettings } from "./settings.ts";

export const TEXT_MAX = 4_096;
export const BUTTON_TEXT_MAX = 1_024;
export const BUTTONS_MAX = 3;
const LABEL_MAX = 20;
const VALUE_MAX = 256;

type Json = { readonly [key: string]: string | number | boolean | Json | readonly Json[] };

/** The request's body, or why it can never be sent. */
export function payloadOf(message: OutgoingMessage, settings: MetaSettings, nowMs: number): Result<Json, string> {
  if (!isWindowOpen(message.lastInboundMs, nowMs)) return templatePayload(message, settings);
  const to = recipient(message.room);
  if (!to.ok) return to;
  const content = message.buttons.length === 0 ? textContent(message) : buttonContent(message);
  if (!content.ok) return content;
  const context = message.quotes === null ? {} : { context: { message_id: message.quotes } };
  return ok({ ...to.value, biz_opaque_callback_data: message.key, ...context, ...content.value });
}

/** Everything as one line in the template's one parameter. It shows no buttons and quotes nothing. */
export function templatePayload(message: OutgoingMessage, { template }: MetaSettings): Result<Json, string> {
  if (template === undefined) return err(CLOSED);
  const to = recipient(message.room);
  if (!to.ok) return to;
  const text = oneLine(message.body, template.maxText);
  if (text === "") return err("the message has no text");
  return ok({
    ...to.value,
    biz_opaque_callback_data: message.key,
    type: "template",
    template: {
      name: template.name,
      language: { code: template.language },
      components: [{ type: "body", parameters: [{ type: "text", text }] }],
    },
  });
}

export function reactionPayload(room: string, message: string, emoji: string): Result<Json, string> {
  const to = recipient(room);
  return to.ok ? ok({ ...to.value, type: "reaction", reaction: { message_id: message, emoji } }) : to;
}

/** A person is addressed by number, or by user id where WhatsApp shows no number. */
function recipient(room: string): Result<Json, string> {
  const base = { messaging_product: "whatsapp", recipient_type: "individual" };
  if (isWaId(room)) return ok({ ...base, to: room });
  if (isUserId(room)) return ok({ ...base, recipient: room });
  return err("the room is neither a number nor a user id of WhatsApp");
}

function textContent(message: OutgoingMessage): Result<Json, string> {
  const body = textOf(message, TEXT_MAX);
  return body.ok ? ok({ type: "text", text: { body: body.value, preview_url: false } }) : body;
}

function buttonContent(message: OutgoingMessage): Result<Json, string> {
  const body = textOf(message, BUTTON_TEXT_MAX);
  if (!body.ok) return body;
  const problem = buttonProblem(message.buttons);
  if (problem !== undefined) return err(problem);
  const buttons = message.buttons.map(({ label, value }) => ({ type: "reply", reply: { id: value, title: label } }));
  return ok({ type: "interactive", interactive: { type: "button", body: { text: body.value }, action: { buttons } } });
}

function textOf({ body }: OutgoingMessage, max: number): Result<string, string> {
  const text = render(body);
  if (text === "") return err("the message has no text");
  if (text.length > max)
    return err(`the message has ${text.length} characters, and WhatsApp takes ${max} of this kind`);
  return ok(text);
}

function buttonProblem(buttons: readonly Button[]): string | undefined {
  if (buttons.length > BUTTONS_MAX) return `the message has more than ${BUTTONS_MAX} buttons`;
  const isOdd = buttons.some(
    ({ label, value }) => label === "" || label.length > LABEL_MAX || value === "" || value.length > VALUE_MAX,
  );
  if (isOdd) return `a button's label needs 1 to ${LABEL_MAX} characters, and its value 1 to ${VALUE_MAX}`;
  const labels = new Set(buttons.map(({ label }) => label));
  const values = new Set(buttons.map(({ value }) => value));
  return Math.min(labels.size, values.size) < buttons.length ? "two buttons of a message are the same" : undefined;
}
