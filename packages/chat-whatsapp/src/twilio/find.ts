/**
 * After a lost answer: is the message at Twilio? Looked for by its text among what went to this person since.
 *
 * The list is not filtered by `DateSent`: a message that waits to be sent has none yet, and is exactly the one in question.
 * Of two messages with the same text either is taken for the other: the person has read it then.
 */
import type { OutgoingMessage, SendOutcome } from "@skein/chat";
import { z } from "zod";

import { oneLine, render } from "../markup.ts";
import type { TwilioApi } from "./api.ts";
import type { TwilioSettings } from "./settings.ts";

/** How far its clock and this node's may be apart. */
const SKEW_MS = 120_000;
const PAGE = 100;

const Page = z.object({
  messages: z.array(
    z.object({
      sid: z.string().min(1).max(300),
      body: z.string().nullable(),
      direction: z.string(),
      date_created: z.string(),
    }),
  ),
});

export interface Search {
  readonly message: OutgoingMessage;
  readonly sinceMs: number;
  readonly settings: TwilioSettings;
  readonly api: TwilioApi;
}

export async function find({ message, sinceMs, settings, api }: Search): Promise<SendOutcome> {
  const answer = await api.list({ To: message.room, From: `whatsapp:${settings.from}`, PageSize: String(PAGE) });
  const page = answer.type === "answer" && answer.status === 200 ? Page.safeParse(answer.body) : undefined;
  if (page?.success !== true) return { type: "uncertain", reason: "Twilio does not say which messages were sent" };
  const sent = page.data.messages.filter(({ direction }) => direction.startsWith("outbound"));
  // A date that cannot be read may be any.
  const recent = sent.filter(({ date_created: date }) => !(Date.parse(date) < sinceMs - SKEW_MS));
  const found = recent.find(({ body }) => body !== null && isText(body, message, settings));
  if (found !== undefined) return { type: "sent", message: found.sid };
  if (recent.some(({ body }) => body === null || body === "")) {
    return { type: "uncertain", reason: "Twilio hides the text of what was sent" };
  }
  const isAll = page.data.messages.length < PAGE || recent.length < sent.length;
  return isAll
    ? { type: "refused", reason: "Twilio has no such message" }
    : { type: "uncertain", reason: "too many messages went to this person since" };
}

/** Of a template Twilio shows the finished text, in which ours is a part. */
function isText(body: string, message: OutgoingMessage, { template }: TwilioSettings): boolean {
  if (body.trim() === render(message.body)) return true;
  const line = template === undefined ? "" : oneLine(message.body, template.maxText);
  return line !== "" && body.includes(line);
}
