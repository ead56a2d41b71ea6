/** Discord's calls for interactions. Discord itself tries out now and then whether a false signature is turned away. */
import type { ChatHost, RefusedWebhooks, TransportContext, WebhookReply, WebhookRequest } from "@skein/chat";

import { fromJson } from "./cursor.ts";
import type { Interactions } from "./interactions.ts";

export async function answerWebhook(
  request: WebhookRequest,
  host: ChatHost,
  parts: {
    readonly publicKey: string;
    readonly interactions: Interactions;
    readonly context: TransportContext;
    readonly refused: RefusedWebhooks;
  },
): Promise<WebhookReply> {
  const { context, interactions, publicKey, refused } = parts;
  const verdict = context.verifier.discord(request, publicKey);
  if (!verdict.ok) {
    refused(verdict.error);
    return { status: 401 };
  }
  const answered = await interactions.answer(fromJson(new TextDecoder().decode(request.body)), host);
  if (answered === undefined) return { status: 400 };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(answered.reply) };
}
