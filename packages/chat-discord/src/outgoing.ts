/**
 * A message of the mesh on its way to Discord. The key travels as `nonce` with `enforce_nonce`: of two messages with one
 * nonce Discord keeps the first, for a few minutes. Nothing is ever sent twice in here.
 */
import type { OutgoingMessage, Reaction, SendOutcome } from "@skein/chat";
import { ok, type Result } from "@skein/core";
import { z } from "zod";

import type { Answer, Api, ApiFailure } from "./api.ts";
import { findRef, isId } from "./refs.ts";
import { CONTENT_MAX, render } from "./render.ts";
import { snowflake } from "./snowflake.ts";

export const BUTTONS_MAX = 5;

const NONCE_LENGTH = 25;
const TITLE_MAX = 100;
const VALUE_MAX = 100;
/** Nothing becomes a preview: an address in a story is not the bot's recommendation. */
const SUPPRESS_EMBEDS = 1 << 2;

const ACTION_ROW = 1;
const BUTTON = 2;
const STYLES = { normal: 2, primary: 1, danger: 4 };

const UNKNOWN_CHANNEL = 10_003;
const THREAD_EXISTS = 160_004;
const TOO_MANY_EDITS = 30_046;
const EDITS_AGAIN_MS = 300_000;
/** Refused for the account; a person may mend it. */
const UNAUTHORIZED = 401;
const TOKEN_AGAIN_MS = 600_000;
const UNREACHABLE_AGAIN_MS = 5_000;

export async function send(api: Api, message: OutgoingMessage): Promise<SendOutcome> {
  const content = contentOf(message);
  if (typeof content === "string") return refused(content);
  const { room, thread } = message;
  const there = thread === null ? null : findThread(thread);
  if (!isId(room) || there === undefined) return refused("The room or the thread is not one of Discord's");
  if (there === null) return sent(await post(api, room, message, content));
  const first = await post(api, there, message, content);
  if (first.ok || !isRefusal(first.error, UNKNOWN_CHANNEL)) return sent(first, there);
  // Nobody has answered there yet: the thread begins with this message.
  const opened = await openThread(api, room, there, message.threadTitle);
  if (opened.ok) return sent(await post(api, opened.value, message, content), opened.value);
  if (opened.error.type !== "refused" || opened.error.status === UNAUTHORIZED) return failed(opened.error);
  // Where no thread can be, for example in a direct conversation, it answers the message instead.
  return sent(await post(api, room, { ...message, quotes: there, thread: null }, content));
}

export async function edit(api: Api, message: OutgoingMessage, at: string): Promise<SendOutcome> {
  const content = contentOf(message);
  if (typeof content === "string") return refused(content);
  const found = findRef(message.room, at);
  if (found === undefined) return refused("The message is not one of Discord's");
  const answer = await api.request("PATCH", `/channels/${found.channel}/messages/${found.message}`, { body: content });
  if (answer.ok) return { type: "sent", message: at };
  if (!isRefusal(answer.error, TOO_MANY_EDITS)) return failed(answer.error);
  return { type: "retry", afterMs: EDITS_AGAIN_MS, reason: answer.error.reason, scope: "room" };
}

export async function react(api: Api, room: string, at: string, reaction: Reaction): Promise<SendOutcome> {
  const found = findRef(room, at);
  if (found === undefined) return refused("The message is not one of Discord's");
  const { channel, message } = found;
  const emoji = encodeURIComponent(reaction);
  const answer = await api.request("PUT", `/channels/${channel}/messages/${message}/reactions/${emoji}/@me`);
  return answer.ok ? { type: "sent", message: at } : failed(answer.error);
}

type Content = Readonly<Record<string, unknown>>;

/** A text says why it cannot be sent. */
function contentOf({ body, buttons }: OutgoingMessage): Content | string {
  const content = render(body);
  if (content === "") return "The message is empty";
  if (content.length > CONTENT_MAX) return `The message is longer than ${CONTENT_MAX} characters`;
  if (buttons.length > BUTTONS_MAX) return `The message has more than ${BUTTONS_MAX} buttons`;
  if (buttons.some(({ value }) => value === "" || value.length > VALUE_MAX))
    return "A button's value is empty or too long";
  const components = buttons.map(({ label, value, style }) => ({
    type: BUTTON,
    style: STYLES[style],
    label,
    custom_id: value,
  }));
  return {
    content,
    flags: SUPPRESS_EMBEDS,
    allowed_mentions: { parse: [] },
    // An edit without buttons takes the old ones away.
    components: components.length === 0 ? [] : [{ type: ACTION_ROW, components }],
  };
}

function post(api: Api, channel: string, { key, quotes, thread }: OutgoingMessage, content: Content): Promise<Answer> {
  // The message that a thread began at is not in the thread.
  const found = quotes === null || quotes === thread ? undefined : findRef(channel, quotes);
  const isHere = found !== undefined && found.channel === channel;
  return api.request("POST", `/channels/${channel}/messages`, {
    body: {
      ...content,
      nonce: key.slice(0, NONCE_LENGTH),
      enforce_nonce: true,
      ...(isHere ? { message_reference: { message_id: found.message, fail_if_not_exists: false } } : {}),
    },
  });
}

/** The thread's own id, also from the id of a message in it. */
function findThread(thread: string): string | undefined {
  const [id = ""] = thread.split("/");
  return isId(id) ? id : undefined;
}

/** The id of the thread: opened now, or by somebody else in the meantime. A thread has the id of the message it begins at. */
async function openThread(api: Api, room: string, root: string, title: string): Promise<Result<string, ApiFailure>> {
  const name = title.replace(/\s+/g, " ").trim().slice(0, TITLE_MAX);
  const answer = await api.request("POST", `/channels/${room}/messages/${root}/threads`, {
    body: { name: name === "" ? "Skein" : name },
  });
  if (answer.ok) return ok(created.safeParse(answer.value).data?.id ?? root);
  return isRefusal(answer.error, THREAD_EXISTS) ? ok(root) : answer;
}

const isRefusal = (failure: ApiFailure, code: number): boolean => failure.type === "refused" && failure.code === code;

const created = z.object({ id: snowflake });

function sent(answer: Answer, thread?: string): SendOutcome {
  if (!answer.ok) return failed(answer.error);
  const read = created.safeParse(answer.value);
  if (!read.success) return { type: "uncertain", reason: "Discord's answer to the message could not be read" };
  const { id } = read.data;
  return { type: "sent", message: thread === undefined ? id : `${thread}/${id}` };
}

function failed(failure: ApiFailure): SendOutcome {
  const { reason } = failure;
  switch (failure.type) {
    case "limited":
      return { type: "retry", afterMs: failure.afterMs, reason, scope: failure.scope };
    case "unreachable":
      return { type: "retry", afterMs: UNREACHABLE_AGAIN_MS, reason, scope: "account" };
    case "uncertain":
      return { type: "uncertain", reason };
    case "refused":
      return failure.status === UNAUTHORIZED
        ? { type: "retry", afterMs: TOKEN_AGAIN_MS, reason, scope: "account" }
        : refused(reason);
  }
}

const refused = (reason: string): SendOutcome => ({ type: "refused", reason });
