/**
 * Is a message there that nobody got an answer for? Discord forgets nonces after some minutes, so after that it is looked for:
 * a bot's message of the same words, since then, in the same place.
 */
import type { OutgoingMessage, SendOutcome } from "@skein/chat";
import { z } from "zod";

import type { Api } from "./api.ts";
import { render } from "./render.ts";
import { isId } from "./refs.ts";
import { afterMs, snowflake } from "./snowflake.ts";

const PAGE = 100;
const PAGES_MAX = 5;
/** This node's clock and Discord's may differ. */
const SKEW_MS = 60_000;

const page = z.array(
  z.object({ id: snowflake, content: z.string(), author: z.object({ bot: z.boolean().optional() }) }),
);

export async function find(api: Api, { room, thread, body }: OutgoingMessage, sinceMs: number): Promise<SendOutcome> {
  const [there] = (thread ?? room).split("/");
  if (there === undefined || !isId(there)) return { type: "refused", reason: "The room is not one of Discord's" };
  const content = render(body);
  let after = afterMs(sinceMs - SKEW_MS);
  for (let at = 0; at < PAGES_MAX; at++) {
    const answer = await api.request("GET", `/channels/${there}/messages`, {
      query: { limit: String(PAGE), after },
    });
    // A thread that nobody has opened has no messages.
    if (!answer.ok && answer.error.type === "refused") return { type: "refused", reason: answer.error.reason };
    if (!answer.ok) return { type: "uncertain", reason: answer.error.reason };
    const read = page.safeParse(answer.value);
    if (!read.success) return { type: "uncertain", reason: "Discord's list of messages could not be read" };
    const found = read.data.find((one) => one.author.bot === true && one.content === content);
    if (found !== undefined) return { type: "sent", message: thread === null ? found.id : `${there}/${found.id}` };
    if (read.data.length < PAGE) return { type: "refused", reason: "Discord does not have the message" };
    after = read.data.map(({ id }) => id).reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b));
  }
  return { type: "uncertain", reason: "too much was said there since" };
}
