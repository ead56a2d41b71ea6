/**
 * A small Slack for tests: as much of the Web API as the transport uses, over a store that is looked into, with faults on
 * command; and Socket Mode. Its frames are read by Slack's own client and its signatures by Slack's own framework in
 * test/integration/chat-slack-oracles.test.ts, so that it does not drift into what only our own code understands.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { createSlackSockets, type SlackSockets } from "./slack-sockets.ts";

export const TEAM = "T0LOCAL";
const APP = "A0TEST";
export const BOT_USER = "U0BOT";
export const BOT_ID = "B0BOT";
export const ADA = "U0ADA";
export const ROOM = "C0ROOM";
export const BOT_TOKEN = "xoxb-test-0123456789";
export const APP_TOKEN = "xapp-test-0123456789";

export interface StoredMessage {
  readonly ts: string;
  readonly channel: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly team?: string;
  readonly metadata?: unknown;
  readonly blocks?: unknown;
  readonly edited?: { readonly user: string; readonly ts: string };
  readonly args?: Readonly<Record<string, string>>;
}

type Fault =
  | { readonly type: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly type: "error"; readonly error: string }
  /** It is done, and the answer never arrives. */
  | { readonly type: "drop-answer" }
  /** Nothing is done, and nothing is answered. */
  | { readonly type: "drop-request" }
  /** Nothing is done, and the connection stays. */
  | { readonly type: "hang" }
  | { readonly type: "body"; readonly body: string };

interface Call {
  readonly method: string;
  readonly args: Readonly<Record<string, string>>;
  readonly token: string;
}

export interface SlackServer {
  /** For `apiUrl`. */
  readonly apiUrl: string;
  readonly sockets: SlackSockets;
  readonly messages: StoredMessage[];
  readonly ephemerals: StoredMessage[];
  /** `channel/ts/name`. */
  readonly reactions: Set<string>;
  readonly calls: Call[];
  /** Judges every call before it is done; undefined lets it through. */
  fault: (call: Call) => Fault | undefined;
  readonly members: Set<string>;
  revoked: boolean;
  /** Requests that hang, and whose sender still waits. */
  hanging: number;
  /** A person writes: into the store, and to the app by socket. Gives the message and the envelopes' ids. */
  write(message: Partial<StoredMessage> & { readonly text: string }): Written;
  nextTs(): string;
  close(): Promise<void>;
}

interface Written {
  readonly ts: string;
  readonly stored: StoredMessage;
  readonly envelopes: readonly (string | undefined)[];
}

type Answer = Readonly<Record<string, unknown>>;
const no = (error: string): Answer => ({ ok: false, error });

export interface SlackServerOptions {
  /** What its messages are dated by. Without it time begins in 2023 and goes on with each message. */
  readonly wallMs?: () => number;
}

export async function startSlack({ wallMs }: SlackServerOptions = {}): Promise<SlackServer> {
  const http = createServer((request, response) => void answer(server, request, response));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const sockets = createSlackSockets(http);
  let clockMicros = 1_700_000_000_000_000;

  const server: SlackServer = {
    apiUrl: `http://127.0.0.1:${port}/api/`,
    sockets,
    messages: [],
    ephemerals: [],
    reactions: new Set(),
    calls: [],
    fault: () => undefined,
    members: new Set([ROOM, "C0OTHER", "D0ADA"]),
    revoked: false,
    hanging: 0,
    nextTs: () => {
      clockMicros = wallMs === undefined ? clockMicros + 1_000_100 : Math.max(clockMicros + 100, wallMs() * 1_000);
      return `${Math.floor(clockMicros / 1e6)}.${String(clockMicros % 1e6).padStart(6, "0")}`;
    },
    write: (message) => {
      const stored = { ts: server.nextTs(), channel: ROOM, user: ADA, team: TEAM, ...message };
      server.messages.push(stored);
      return {
        ts: stored.ts,
        stored,
        envelopes: eventsOf(stored).map((event) => sockets.deliver("events_api", event)),
      };
    },
    close: async () => {
      await sockets.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
  return server;
}

let eventNumber = 0;

/** An event as Slack wraps it. */
export function callback(event: Answer, more: Answer = {}): Answer {
  eventNumber += 1;
  return {
    token: "unused",
    team_id: TEAM,
    context_team_id: TEAM,
    api_app_id: APP,
    type: "event_callback",
    event_id: `Ev${String(eventNumber).padStart(8, "0")}`,
    event_time: 1_700_000_000,
    authorizations: [{ enterprise_id: null, team_id: TEAM, user_id: BOT_USER, is_bot: true }],
    is_ext_shared_channel: false,
    event,
    ...more,
  };
}

/** A mention arrives twice, as two events with different ids. */
export function eventsOf(message: StoredMessage): readonly Answer[] {
  const { channel, ...rest } = message;
  const kind = channel.startsWith("D") ? "im" : "channel";
  const event = { ...rest, channel, event_ts: message.ts };
  const events = [callback({ ...event, type: "message", channel_type: kind })];
  if (message.text.includes(`<@${BOT_USER}`) && kind !== "im") {
    events.push(callback({ ...event, type: "app_mention" }));
  }
  return events;
}

export const slashFields = (fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  token: "unused",
  team_id: TEAM,
  team_domain: "local",
  channel_id: ROOM,
  channel_name: "room",
  user_id: ADA,
  user_name: "ada",
  command: "/skein",
  text: "status",
  api_app_id: APP,
  is_enterprise_install: "false",
  response_url: "https://hooks.slack.test/commands/1",
  trigger_id: "13345224609.738474920.8088930838d88f008e0",
  ...fields,
});

export const buttonClick = (more: Answer = {}): Answer => ({
  type: "block_actions",
  api_app_id: APP,
  token: "unused",
  trigger_id: "12466734323.1395872398.0123456789",
  user: { id: ADA, username: "ada", name: "ada", team_id: TEAM },
  team: { id: TEAM, domain: "local" },
  enterprise: null,
  channel: { id: ROOM, name: "room" },
  container: { type: "message", message_ts: "1700000001.000100", channel_id: ROOM, is_ephemeral: false },
  message: { type: "message", user: BOT_USER, bot_id: BOT_ID, ts: "1700000001.000100", text: "Merge?" },
  actions: [
    {
      type: "button",
      action_id: "skein:0",
      block_id: "b1",
      value: "approve 01ABC 3",
      text: { type: "plain_text", text: "Approve" },
      action_ts: "1700000009.000200",
    },
  ],
  ...more,
});

// ── the Web API ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function answer(server: SlackServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = new URL(request.url ?? "/", "http://slack.test").pathname.replace("/api/", "");
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const args = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString("utf8")));
  const call = { method, args, token: (request.headers.authorization ?? "").replace("Bearer ", "") };
  server.calls.push(call);
  const fault = server.fault(call);
  switch (fault?.type) {
    case "status":
      response.writeHead(fault.status, fault.headers).end("failed");
      return;
    case "drop-request":
      request.socket.destroy();
      return;
    case "hang":
      server.hanging += 1;
      response.on("close", () => (server.hanging -= 1));
      return;
    case "drop-answer":
      perform(server, call);
      request.socket.destroy();
      return;
    case "body":
      response.writeHead(200, { "content-type": "text/html" }).end(fault.body);
      return;
    case "error":
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(no(fault.error)));
      return;
    case undefined:
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(perform(server, call)));
  }
}

function perform(server: SlackServer, call: Call): Answer {
  const expected = call.method === "apps.connections.open" ? APP_TOKEN : BOT_TOKEN;
  if (server.revoked) return no("token_revoked");
  if (call.token !== expected) return no("invalid_auth");
  const method = METHODS[call.method];
  return method === undefined ? no("unknown_method") : method(server, call.args);
}

type Method = (server: SlackServer, args: Readonly<Record<string, string>>) => Answer;

const METHODS: Readonly<Record<string, Method>> = {
  "auth.test": () => ({ ok: true, team_id: TEAM, user_id: BOT_USER, bot_id: BOT_ID, is_enterprise_install: false }),
  "apps.connections.open": ({ apiUrl }) => ({
    ok: true,
    url: `${apiUrl.replace("http", "ws").replace("/api/", "/link/")}?ticket=1&app_id=${APP}`,
  }),
  "chat.postMessage": (server, args) =>
    posting(server, args, (message) => {
      server.messages.push(message);
      return { ok: true, channel: message.channel, ts: message.ts };
    }),
  "chat.postEphemeral": (server, args) =>
    posting(server, args, (message) => {
      server.ephemerals.push(message);
      return { ok: true, message_ts: message.ts };
    }),
  "chat.update": (server, args) => {
    const index = server.messages.findIndex(({ ts, channel }) => ts === args["ts"] && channel === args["channel"]);
    const old = server.messages[index];
    if (old === undefined) return no("message_not_found");
    server.messages[index] = { ...old, text: args["text"] ?? "", blocks: JSON.parse(args["blocks"] ?? "[]"), args };
    return { ok: true, ts: old.ts, channel: old.channel };
  },
  "reactions.add": (server, args) => {
    const reaction = `${args["channel"]}/${args["timestamp"]}/${args["name"]}`;
    if (server.reactions.has(reaction)) return no("already_reacted");
    server.reactions.add(reaction);
    return { ok: true };
  },
  "conversations.history": (server, args) =>
    page(
      server.messages
        .filter(({ channel, thread_ts }) => channel === args["channel"] && thread_ts === undefined)
        .toReversed()
        .map((root) => withReplies(server, root)),
      args,
    ),
  "conversations.replies": (server, args) =>
    page(
      server.messages.filter(({ ts, thread_ts }) => ts === args["ts"] || thread_ts === args["ts"]),
      args,
    ),
};

function posting(
  server: SlackServer,
  args: Readonly<Record<string, string>>,
  keep: (message: StoredMessage) => Answer,
): Answer {
  const channel = args["channel"] ?? "";
  if (!server.members.has(channel)) return no("not_in_channel");
  return keep({
    ts: server.nextTs(),
    channel,
    user: BOT_USER,
    bot_id: BOT_ID,
    team: TEAM,
    text: args["text"] ?? "",
    ...(args["thread_ts"] === undefined ? {} : { thread_ts: args["thread_ts"] }),
    blocks: JSON.parse(args["blocks"] ?? "[]"),
    metadata: JSON.parse(args["metadata"] ?? "null"),
    args,
  });
}

function withReplies(server: SlackServer, root: StoredMessage): Answer {
  const last = server.messages.findLast(({ thread_ts }) => thread_ts === root.ts);
  return { type: "message", ...root, ...(last === undefined ? {} : { latest_reply: last.ts, thread_ts: root.ts }) };
}

/** Pages by `limit` and `cursor`, bounded by `oldest`; metadata only for those who ask for it. */
function page(all: readonly object[], args: Readonly<Record<string, string>>): Answer {
  const oldest = Number(args["oldest"] ?? "0");
  const newer = all.filter((message) => Number((message as StoredMessage).ts) > oldest);
  const start = Number(args["cursor"] ?? "0");
  const limit = Math.min(Number(args["limit"] ?? "100"), 1_000);
  const next = start + limit < newer.length ? String(start + limit) : "";
  const messages = newer
    .slice(start, start + limit)
    .map((message) => (args["include_all_metadata"] === "true" ? message : { ...message, metadata: undefined }));
  return { ok: true, messages, has_more: next !== "", response_metadata: { next_cursor: next } };
}
