/**
 * Out: messages, edits and reactions as calls of the Web API, and what became of them as outcomes. Slack knows no key under
 * which a message counts once, so each one carries its key as metadata, for `find` to look for after an uncertain send.
 */
import type { Capabilities, OutgoingMessage, Reaction, SendOutcome } from "@skein/chat";

import type { Answer, SlackApi } from "./api.ts";
import { NAME_OF } from "./emoji.ts";
import type { Failure } from "./failures.ts";
import { lengthOf, MAX_BUTTONS, MAX_TEXT, render } from "./render.ts";
import { TS_PATTERN } from "./timestamp.ts";

export const CAPABILITIES: Capabilities = {
  threads: true,
  edit: true,
  buttons: MAX_BUTTONS,
  reactions: true,
  slash: true,
  ephemeral: true,
  maxText: MAX_TEXT,
  windowMs: null,
  idempotency: "reconcile",
  rooms: "dynamic",
};

/** Of the metadata, to tell our messages from those of other apps. */
export const EVENT_TYPE = "skein";

const UNDONE_RETRY_MS = 5_000;

export interface Outgoing {
  send(message: OutgoingMessage): Promise<SendOutcome>;
  edit(message: OutgoingMessage, sent: string): Promise<SendOutcome>;
  react(room: string, message: string, reaction: Reaction): Promise<SendOutcome>;
}

export function createOutgoing(api: SlackApi, onRevoked: (reason: string) => void): Outgoing {
  const call = async (method: string, args: Answer, read: (answer: Answer) => SendOutcome): Promise<SendOutcome> => {
    const answer = await api.call(method, args);
    if (answer.ok) return read(answer.value);
    if (answer.error.type === "revoked") onRevoked(answer.error.reason);
    return outcomeOf(answer.error, method);
  };

  return {
    send: async (message) => {
      const problem = problemOf(message);
      if (problem !== undefined) return refused(problem);
      const person = onlyReader(message);
      if (person === undefined) return call("chat.postMessage", postOf(message), readTs("ts"));
      if (person === "") return refused(`${message.onlyFor ?? ""} is nobody on Slack`);
      return call("chat.postEphemeral", { ...contentOf(message), user: person }, readTs("message_ts"));
    },
    edit: async (message, sent) => {
      const problem = problemOf(message);
      if (problem !== undefined) return refused(problem);
      if (onlyReader(message) !== undefined) return refused("what only one person sees cannot be changed later");
      const { thread_ts: _, ...content } = contentOf(message);
      return call("chat.update", { ...content, ts: sent, metadata: metadataOf(message) }, readTs("ts"));
    },
    react: async (room, message, reaction) => {
      const args = { channel: room, timestamp: message, name: NAME_OF[reaction] };
      const outcome = await api.call("reactions.add", args);
      const isThere = !outcome.ok && outcome.error.type === "refused" && outcome.error.code === "already_reacted";
      if (outcome.ok || isThere) return { type: "sent", message };
      if (outcome.error.type === "revoked") onRevoked(outcome.error.reason);
      return outcomeOf(outcome.error, "reactions.add");
    },
  };
}

const refused = (reason: string): SendOutcome => ({ type: "refused", reason });

/** What Slack would turn away or, worse, cut. */
function problemOf({ body, buttons, room }: OutgoingMessage): string | undefined {
  if (!/^[CDG][A-Z0-9]{1,31}$/.test(room)) return `${room} is no channel id of Slack's`;
  if (lengthOf(body) > MAX_TEXT) return `the message has more than ${MAX_TEXT} characters`;
  if (buttons.length > MAX_BUTTONS) return `the message has more than ${MAX_BUTTONS} buttons`;
  return render(body, buttons).blocks.length === 0 ? "there is nothing in the message" : undefined;
}

/** The user id of the only one to see it; undefined when all may, empty when there is no such person on Slack. */
export function onlyReader({ onlyFor, room }: OutgoingMessage): string | undefined {
  // Nobody else is in a direct conversation, and an ephemeral message would be gone after a reload.
  if (onlyFor === null || room.startsWith("D")) return undefined;
  return /^slack:[^/]+\/([A-Z0-9]{1,32})$/.exec(onlyFor)?.[1] ?? "";
}

/**
 * Whatever somebody else wrote stays text: no names or channels are made out of words, no links are followed. A message
 * without a thread is sent without `thread_ts`, which Slack would not take empty.
 */
function contentOf(message: OutgoingMessage): Record<string, unknown> {
  const { text, blocks } = render(message.body, message.buttons);
  return {
    channel: message.room,
    text,
    blocks,
    parse: "none",
    link_names: false,
    ...(message.thread === null ? {} : { thread_ts: message.thread }),
  };
}

const postOf = (message: OutgoingMessage): Record<string, unknown> => ({
  ...contentOf(message),
  mrkdwn: false,
  unfurl_links: false,
  unfurl_media: false,
  metadata: metadataOf(message),
});

const metadataOf = ({ key }: OutgoingMessage): object => ({ event_type: EVENT_TYPE, event_payload: { key } });

const readTs =
  (field: "ts" | "message_ts") =>
  (answer: Answer): SendOutcome => {
    const ts = answer[field];
    if (typeof ts === "string" && TS_PATTERN.test(ts)) return { type: "sent", message: ts };
    return { type: "uncertain", reason: "Slack took the message and did not say its id" };
  };

/** A person takes a while to put a new token in place. */
const MENDED_MS = 600_000;

function outcomeOf(failure: Failure, method: string): SendOutcome {
  switch (failure.type) {
    case "limited": {
      // Posting is limited channel by channel, everything else for the whole workspace.
      const scope = method.startsWith("chat.") ? "room" : "account";
      return { type: "retry", afterMs: failure.afterMs, reason: failure.reason, scope };
    }
    case "undone":
      return { type: "retry", afterMs: UNDONE_RETRY_MS, reason: failure.reason, scope: "account" };
    case "unknown":
      return { type: "uncertain", reason: failure.reason };
    // What waits is not lost: it goes out once a person has mended the token.
    case "revoked":
      return { type: "retry", afterMs: MENDED_MS, reason: failure.reason, scope: "account" };
    case "refused":
      return refused(failure.reason);
  }
}
