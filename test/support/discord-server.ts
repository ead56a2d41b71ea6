/**
 * Our Discord: REST interface, gateway and signed calls, for what the third-party twin does not do (resuming, close codes,
 * rate limits, nonces, lost answers). Everything that went over it can be read afterwards.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

import { createGateway, type Gateway, portOf } from "./discord-gateway.ts";
import {
  ADA,
  APPLICATION,
  BOT,
  createWorld,
  GUILD,
  type StoredMessage,
  TOKEN,
  wire,
  type World,
} from "./discord-world.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}

/** What happens to the next request that fits, instead of or after its answer. */
interface Fault {
  readonly method: string;
  readonly path: RegExp;
  /** `answer`: this one. `reset`: it is done, and the answer is lost. `refuse`: it is not done, the connection breaks. */
  readonly how:
    | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
    | "reset";
  /** How often; once if left out. */
  times?: number;
}

export interface DiscordServer {
  readonly world: World;
  readonly gateway: Gateway;
  readonly requests: Seen[];
  readonly faults: Fault[];
  readonly api: string;
  readonly gatewayUrl: string;
  /** The application's public key, in hex. */
  readonly publicKey: string;
  /** What is left of the day's identifies. */
  sessionsLeft: number;
  /** Somebody writes. */
  write(channel: string, content: string, more?: Partial<StoredMessage>): StoredMessage;
  /** Somebody uses a command or a button, over the gateway. */
  interact(interaction: Record<string, unknown>): string;
  /** A call as Discord makes it. */
  signed(payload: unknown, atMs?: number): { readonly headers: Record<string, string[]>; readonly body: Uint8Array };
  stop(): Promise<void>;
}

export async function startDiscordServer(): Promise<DiscordServer> {
  const world = createWorld();
  const keys = generateKeyPairSync("ed25519");
  const requests: Seen[] = [];
  const faults: Fault[] = [];
  const http = createServer((request, response) => void serve(request, response));
  const gateway = createGateway(http, world);
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  const server: DiscordServer = {
    world,
    gateway,
    requests,
    faults,
    api: `http://127.0.0.1:${portOf(http)}/api`,
    gatewayUrl: `ws://127.0.0.1:${portOf(http)}`,
    publicKey: Buffer.from(keys.publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex"),
    sessionsLeft: 1_000,
    write: (channel, content, more = {}) => {
      const message = world.add(channel, { content, ...more });
      const guild = world.channels.get(channel)?.guild_id;
      gateway.dispatch("MESSAGE_CREATE", { ...wire(message), ...(guild === undefined ? {} : { guild_id: guild }) });
      return message;
    },
    interact: (interaction) => {
      const id = world.snowflake();
      const token = `interaction-token-of-${id}`;
      world.interactions.set(id, { token, answer: undefined });
      gateway.dispatch("INTERACTION_CREATE", interactionOf(id, token, interaction));
      return id;
    },
    signed: (payload, atMs = Date.now()) => {
      const body = Buffer.from(JSON.stringify(payload));
      const timestamp = String(Math.floor(atMs / 1_000));
      const signature = sign(null, Buffer.concat([Buffer.from(timestamp), body]), keys.privateKey).toString("hex");
      return { headers: { "x-signature-timestamp": [timestamp], "x-signature-ed25519": [signature] }, body };
    },
    stop: async () => {
      await gateway.stop();
      http.closeAllConnections();
      await new Promise((resolve) => {
        http.close(resolve);
      });
    },
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "", "http://localhost");
    const body = await bodyOf(request);
    const path = url.pathname.replace(/^\/api\/v10/, "");
    const method = request.method ?? "";
    requests.push({ method, path, query: url.searchParams, authorization: request.headers.authorization, body });
    const fault = takeFault(faults, method, path);
    const answer =
      fault !== undefined && fault !== "reset"
        ? { headers: {}, body: {}, ...fault }
        : {
            headers: {},
            ...route(server, {
              method,
              path,
              query: url.searchParams,
              authorization: request.headers.authorization,
              body,
            }),
          };
    if (fault === "reset") return void request.socket.destroy();
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(answer.status === 204 ? undefined : JSON.stringify(answer.body));
  };
  return server;
}

export const interactionOf = (id: string, token: string, rest: Record<string, unknown>): Record<string, unknown> => ({
  id,
  token,
  application_id: APPLICATION,
  version: 1,
  guild_id: GUILD,
  member: { nick: "Ada L.", user: { id: ADA, username: "ada" } },
  ...rest,
});

function takeFault(faults: Fault[], method: string, path: string): Fault["how"] | undefined {
  const at = faults.findIndex((fault) => fault.method === method && fault.path.test(path));
  const fault = faults[at];
  if (fault === undefined) return undefined;
  const left = (fault.times ?? 1) - 1;
  if (left > 0) fault.times = left;
  else faults.splice(at, 1);
  return fault.how;
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === "") return {};
  const value = JSON.parse(text) as unknown;
  return Array.isArray(value) ? { list: value } : (value as Record<string, unknown>);
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const done = (body: unknown): Answer => ({ status: 200, body });
const failure = (status: number, code: number, message: string): Answer => ({ status, body: { code, message } });

type Handler = (server: DiscordServer, seen: Seen, ids: readonly string[]) => Answer;

function route(server: DiscordServer, seen: Seen): Answer {
  const isCallback = seen.path.startsWith("/interactions/");
  if (!isCallback && seen.authorization !== `Bot ${TOKEN}`) return failure(401, 0, "401: Unauthorized");
  for (const [method, path, handler] of ROUTES) {
    const found = method === seen.method ? path.exec(seen.path) : null;
    if (found !== null) return handler(server, seen, found.slice(1));
  }
  return failure(404, 0, "404: Not Found");
}

const UNKNOWN_CHANNEL = failure(404, 10_003, "Unknown Channel");
const UNKNOWN_MESSAGE = failure(404, 10_008, "Unknown Message");

const findMessage = ({ world }: DiscordServer, channel: string, id: string): StoredMessage | undefined =>
  world.messages.get(channel)?.find((message) => message.id === id);

const readMessages: Handler = ({ world }, { query }, [channel = ""]) => {
  if (!world.channels.has(channel)) return UNKNOWN_CHANNEL;
  const after = BigInt(query.get("after") ?? "0");
  // The page right after the given message, newest first: the order of the real one.
  const newer = (world.messages.get(channel) ?? []).filter(({ id }) => BigInt(id) > after);
  return done(
    newer
      .slice(0, Number(query.get("limit") ?? "50"))
      .toReversed()
      .map(wire),
  );
};

const createMessage: Handler = (server, { body }, [channel = ""]) => {
  const { world, gateway } = server;
  if (!world.channels.has(channel)) return UNKNOWN_CHANNEL;
  const { content, nonce, enforce_nonce: isEnforced, ...extra } = body;
  if (typeof content !== "string" || content === "") return failure(400, 50_006, "Cannot send an empty message");
  if (content.length > 2_000) return failure(400, 50_035, "Invalid Form Body");
  const same =
    isEnforced === true ? world.messages.get(channel)?.find((message) => message.nonce === nonce) : undefined;
  if (same !== undefined) return done(wire(same));
  const author = { id: BOT, username: "skein", bot: true };
  const message = world.add(channel, { content, author, extra, ...(typeof nonce === "string" ? { nonce } : {}) });
  gateway.dispatch("MESSAGE_CREATE", { ...wire(message), guild_id: GUILD });
  return done(wire(message));
};

const editMessage: Handler = (server, { body }, [channel = "", id = ""]) => {
  const message = findMessage(server, channel, id);
  if (message === undefined) return UNKNOWN_MESSAGE;
  message.content = typeof body["content"] === "string" ? body["content"] : "";
  message.edited_timestamp = new Date().toISOString();
  return done(wire(message));
};

const addReaction: Handler = (server, _, [channel = "", id = "", emoji = ""]) => {
  const message = findMessage(server, channel, id);
  if (message === undefined) return UNKNOWN_MESSAGE;
  message.reactions.push(decodeURIComponent(emoji));
  return { status: 204 };
};

const openThread: Handler = (server, { body }, [channel = "", root = ""]) => {
  if (findMessage(server, channel, root) === undefined) return UNKNOWN_MESSAGE;
  if (server.world.channels.has(root))
    return failure(400, 160_004, "A thread has already been created for this message");
  return { status: 201, body: server.world.openThread(root, channel, String(body["name"])) };
};

const answerInteraction: Handler = ({ world }, { body }, [id = "", token = ""]) => {
  const known = world.interactions.get(id);
  if (known?.token !== token) return failure(404, 10_062, "Unknown interaction");
  if (known.answer !== undefined) return failure(400, 40_060, "Interaction has already been acknowledged.");
  known.answer = body;
  return { status: 204 };
};

const ROUTES: readonly (readonly [string, RegExp, Handler])[] = [
  ["GET", /^\/users\/@me$/, () => done({ id: BOT, username: "skein", bot: true })],
  [
    "GET",
    /^\/gateway\/bot$/,
    (server) =>
      done({
        url: server.gatewayUrl,
        shards: 1,
        session_start_limit: {
          total: 1_000,
          remaining: server.sessionsLeft,
          reset_after: 3_600_000,
          max_concurrency: 1,
        },
      }),
  ],
  ["GET", /^\/applications\/\d+(?:\/guilds\/\d+)?\/commands$/, ({ world }) => done(world.commands)],
  [
    "PUT",
    /^\/applications\/\d+(?:\/guilds\/\d+)?\/commands$/,
    ({ world }, { body }) => {
      world.commands = (body["list"] as Record<string, unknown>[]).map((command) => ({
        ...command,
        id: world.snowflake(),
        version: world.snowflake(),
        nsfw: false,
      }));
      return done(world.commands);
    },
  ],
  [
    "GET",
    /^\/channels\/(\d+)$/,
    ({ world }, _, [id = ""]) => (world.channels.has(id) ? done(world.channels.get(id)) : UNKNOWN_CHANNEL),
  ],
  [
    "GET",
    /^\/guilds\/(\d+)\/threads\/active$/,
    ({ world }) => done({ threads: [...world.channels.values()].filter(({ type }) => type === 11), members: [] }),
  ],
  ["GET", /^\/channels\/(\d+)\/messages$/, readMessages],
  ["POST", /^\/channels\/(\d+)\/messages$/, createMessage],
  ["PATCH", /^\/channels\/(\d+)\/messages\/(\d+)$/, editMessage],
  ["PUT", /^\/channels\/(\d+)\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/, addReaction],
  ["POST", /^\/channels\/(\d+)\/messages\/(\d+)\/threads$/, openThread],
  ["POST", /^\/interactions\/(\d+)\/([^/]+)\/callback$/, answerInteraction],
];
