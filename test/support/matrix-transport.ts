/** The real Matrix transport in front of a host double, with what it asked the homeserver. */
import {
  createVerifier,
  type ChatTransport,
  type Ingress,
  type OutgoingMessage,
  type TransportContext,
} from "@skein/chat";
import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { createMatrixKind, type OpenCryptography } from "@skein/chat-matrix";
import { plain, type Body } from "@skein/core";
import { systemClock, systemRandom } from "@skein/node";
import { createHash } from "node:crypto";

import type { MatrixUser } from "./matrix-user.ts";
import { waitFor } from "./wait.ts";

export interface MatrixBot {
  readonly user: MatrixUser;
  /** With everything that a transport for Matrix must have. */
  readonly transport: CompleteTransport;
  /** `GET /v3/sync` and so on, without queries, in the order in which they were sent. */
  readonly requests: string[];
  /** Opens the way in; resolves when the position is known. */
  open(cursor?: string): Promise<OpenBot>;
  close(): Promise<void>;
}

type CompleteTransport = ChatTransport & Required<Pick<ChatTransport, "edit" | "react" | "open">>;

const isComplete = (transport: ChatTransport): transport is CompleteTransport =>
  transport.edit !== undefined && transport.react !== undefined && transport.open !== undefined;

interface OpenBot {
  readonly host: HostDouble;
  /** Closes the way in and resolves with the last position. */
  close(): Promise<string>;
}

export interface BotOptions {
  readonly homeserver: string;
  readonly allow?: readonly string[];
  readonly fetch?: typeof fetch;
  /** For an account that reads encrypted rooms: who opens its keys, its secret and what else it has in its settings. */
  readonly encryption?: {
    readonly open: OpenCryptography;
    readonly secret: string;
    readonly settings?: Readonly<Record<string, unknown>>;
  };
}

export function createBot(
  user: MatrixUser,
  { homeserver, allow = [], fetch: given = fetch, encryption }: BotOptions,
): MatrixBot {
  const requests: string[] = [];
  const recording: typeof fetch = (url, options) => {
    requests.push(
      `${options?.method ?? "GET"} ${new URL(url instanceof Request ? url.url : url).pathname.replace("/_matrix/client", "")}`,
    );
    return given(url, options);
  };
  const context: TransportContext = {
    account: "main",
    clock: systemClock,
    random: systemRandom,
    log: () => {},
    fetch: recording,
    verifier: createVerifier(systemClock),
    secret: (name) => (name === "accessToken" ? user.token : (encryption?.secret ?? "")),
    verbs: [],
  };
  const kind = createMatrixKind(() => encryption?.open);
  const wanted = encryption === undefined ? {} : { encryption: true, ...encryption.settings };
  const transport = kind.create(kind.settings.parse({ homeserver, invite: { allow }, ...wanted }), context);
  if (!isComplete(transport)) throw new Error("the transport lacks a part");
  const ingresses = new Set<Ingress>();
  return {
    user,
    transport,
    requests,
    open: async (cursor) => {
      const host = createHostDouble(cursor);
      const ingress = transport.open(host);
      ingresses.add(ingress);
      if (cursor === undefined) await waitFor("the first position", () => host.cursors.length > 0);
      return {
        host,
        close: async () => {
          await ingress.close();
          return host.cursors.at(-1) ?? cursor ?? "";
        },
      };
    },
    close: async () => {
      for (const ingress of ingresses) await ingress.close();
      await transport.close();
    },
  };
}

/** The key that the outbox would make for this. */
export const keyOf = (name: string): string => createHash("sha256").update(name).digest("hex");

export const outgoing = (
  room: string,
  key: string,
  body: Body | string,
  more: Partial<OutgoingMessage> = {},
): OutgoingMessage => ({
  key: keyOf(key),
  room,
  thread: null,
  threadTitle: "",
  quotes: null,
  body: typeof body === "string" ? [plain(body)] : body,
  buttons: [],
  onlyFor: null,
  lastInboundMs: null,
  ...more,
});
