/**
 * A chat platform of a few maps, and a transport for it that does what a test says: answers are lost, calls throw, a message
 * that went out under a key is there once or twice as the platform would have it.
 */
import { type Body, plainText } from "@skein/core";
import { z } from "zod";

import type {
  Capabilities,
  ChatHost,
  ChatTransport,
  IngressHost,
  OutgoingMessage,
  Reaction,
  SendOutcome,
  TransportKind,
} from "../transport.ts";

interface Posted {
  readonly id: string;
  readonly key: string;
  readonly room: string;
  readonly body: Body;
  readonly text: string;
  readonly message: OutgoingMessage;
}

type Part = "open" | "send" | "edit" | "react" | "webhook" | "close" | "closeIngress" | "find";

/** What everybody in the rooms sees; any number of transports speak to it. */
export interface PlatformDouble {
  readonly posted: Posted[];
  readonly reactions: (readonly [message: string, reaction: Reaction])[];
  readonly edits: (readonly [message: string, text: string])[];
  readonly editKeys: Set<string>;
  capabilities: Capabilities;
  /** What becomes of the next sends. `lost`: it is posted, and nobody hears so. `dropped`: it is not, and nobody hears so. */
  readonly next: (SendOutcome | "lost" | "dropped")[];
  /** Calls of these throw. */
  readonly faults: Set<Part>;
  /** `find` cannot tell. */
  isBlind: boolean;
  /** Called while a `find` is under way. */
  onFind: () => void;
}

export const CAPABILITIES: Capabilities = {
  threads: true,
  edit: true,
  buttons: 5,
  reactions: true,
  slash: true,
  ephemeral: false,
  maxText: 4_000,
  windowMs: null,
  idempotency: "key",
  rooms: "dynamic",
};

export const createPlatformDouble = (more: Partial<Capabilities> = {}): PlatformDouble => ({
  posted: [],
  reactions: [],
  edits: [],
  editKeys: new Set(),
  capabilities: { ...CAPABILITIES, ...more },
  next: [],
  faults: new Set(),
  isBlind: false,
  onFind: () => undefined,
});

export interface TransportDouble extends ChatTransport {
  readonly isOpen: () => boolean;
  /** How often a way in was opened. */
  readonly opened: () => number;
  readonly isClosed: () => boolean;
  /** The mesh behind the way in that is open. */
  readonly ingress: () => IngressHost;
  readonly sends: string[];
}

// A table of what a platform is asked for.
// oxlint-disable-next-line max-lines-per-function
export function createTransportDouble(kind: string, account: string, platform: PlatformDouble): TransportDouble {
  let opened = 0;
  let ingress: IngressHost | undefined;
  let isClosed = false;
  const sends: string[] = [];
  const meet = (part: Part): void => {
    if (platform.faults.has(part)) throw new Error(`a fault in ${part}`);
  };
  const post = (message: OutgoingMessage): string => {
    const known = platform.posted.find(({ key }) => key === message.key);
    if (known !== undefined && platform.capabilities.idempotency === "key") return known.id;
    const id = `m${platform.posted.length + 1}`;
    const { key, room, body } = message;
    platform.posted.push({ id, key, room, body, text: plainText(body), message });
    return id;
  };
  return {
    kind,
    account,
    sends,
    get capabilities(): Capabilities {
      return platform.capabilities;
    },
    isOpen: () => ingress !== undefined,
    opened: () => opened,
    isClosed: () => isClosed,
    ingress: () => {
      if (ingress === undefined) throw new Error("no way in is open");
      return ingress;
    },
    open: (host) => {
      opened++;
      meet("open");
      ingress = host;
      return {
        close: () => {
          ingress = undefined;
          meet("closeIngress");
          return Promise.resolve();
        },
      };
    },
    webhook: async (_request, host: ChatHost) => {
      meet("webhook");
      const received = await host.receive([]);
      return { status: received.ok ? 200 : 503 };
    },
    send: (message) => {
      sends.push(message.key);
      meet("send");
      const next = platform.next.shift();
      if (next === "dropped") return Promise.resolve({ type: "uncertain", reason: "no answer" });
      if (next !== undefined && next !== "lost") return Promise.resolve(next);
      const id = post(message);
      return Promise.resolve(
        next === "lost" ? { type: "uncertain", reason: "no answer" } : { type: "sent", message: id },
      );
    },
    edit: (message, sent) => {
      meet("edit");
      // An edit is a message: of two under one key a platform that knows keys takes the first.
      const isKnown = platform.capabilities.idempotency === "key" && platform.editKeys.has(message.key);
      platform.editKeys.add(message.key);
      if (!isKnown) platform.edits.push([sent, plainText(message.body)]);
      return Promise.resolve({ type: "sent", message: sent });
    },
    react: (_room, message, reaction) => {
      meet("react");
      platform.reactions.push([message, reaction]);
      return Promise.resolve({ type: "sent", message });
    },
    find: ({ key }) => {
      meet("find");
      platform.onFind();
      if (platform.isBlind) return Promise.resolve({ type: "uncertain", reason: "it cannot be asked" });
      const found = platform.posted.find((one) => one.key === key);
      return Promise.resolve(
        found === undefined ? { type: "refused", reason: "it is not there" } : { type: "sent", message: found.id },
      );
    },
    close: () => {
      isClosed = true;
      meet("close");
      return Promise.resolve();
    },
  };
}

/** A kind of transport, and every transport that was made of it. */
export function createKindDouble(
  kind: string,
  platform: PlatformDouble,
  secrets: readonly string[] = [],
): { readonly kind: TransportKind<{ readonly url: string }>; readonly made: TransportDouble[] } {
  const made: TransportDouble[] = [];
  return {
    made,
    kind: {
      kind,
      settings: z.strictObject({ url: z.string().default("http://127.0.0.1") }),
      secrets: () => secrets,
      create: (_settings, { account }) => {
        const transport = createTransportDouble(kind, account, platform);
        made.push(transport);
        return transport;
      },
    },
  };
}
