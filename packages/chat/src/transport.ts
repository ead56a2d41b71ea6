/**
 * The port of a chat platform: one `ChatTransport` is one account on one platform (a Matrix user, a Slack app, a Discord
 * bot, a WhatsApp number).
 *
 * A transport knows its platform and nothing of the pipeline. It turns what arrives into `InboundEvent`s and hands them to
 * the host, which makes what matters durable; only then the transport acknowledges to the platform and moves its cursor.
 * It sends what it is told under the key it is told. It keeps no timers, history or dedupe table of its own: whatever has to
 * outlive the process is handed in and out.
 */
import type { Body, Result } from "@skein/core";
import type { Clock, Logger, Random } from "@skein/node";
import type { z } from "zod";

import type { Verifier } from "./verify/verifier.ts";

export interface Capabilities {
  /** Replies can be gathered under a message. */
  readonly threads: boolean;
  /** A sent message can be changed, so a status card stays one message. */
  readonly edit: boolean;
  /** How many buttons fit below a message; 0 where there are none. */
  readonly buttons: number;
  readonly reactions: boolean;
  /** The platform has slash commands of its own. */
  readonly slash: boolean;
  /** A message in a room that only one person sees. */
  readonly ephemeral: boolean;
  /** Longest text of one message, in UTF-16 units after rendering. */
  readonly maxText: number;
  /** Longest text of a message with buttons, where that is less. */
  readonly maxTextWithButtons?: number;
  /** Free text may be sent only so long after the person's last message, ms; null where there is no such rule. */
  readonly windowMs: number | null;
  /**
   * What keeps a message that is sent twice under one key from being seen twice: the platform itself (`key`), or looking
   * for it before it is sent again (`reconcile`).
   */
  readonly idempotency: "key" | "reconcile";
  /** For `key`: how long the platform remembers one, ms. After that a message has to be looked for, too. For ever when left out. */
  readonly keyMs?: number;
  /** The account can be invited into rooms, has the rooms its configuration names, or talks to whoever writes to it. */
  readonly rooms: "dynamic" | "fixed" | "ambient";
}

// ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Something a person did. A transport makes none of edits, forwards, history from before it came, messages of bots or its
 * own echo; a quoted text is not part of `text`.
 */
export interface InboundEvent {
  /**
   * The platform's id of what happened, the same at every delivery and over every way in (webhook, socket, backfill), and
   * unique on the platform. At most 300 characters.
   */
  readonly id: string;
  /** `edit`: somebody changed `message`. It executes nothing, and takes back a question that waits for an answer. */
  readonly type: "message" | "slash" | "button" | "reaction" | "edit";
  /** `slack:T1/U1`, `discord:123`, `matrix:@ada:example.org`: immutable, never a display name. At most 300 characters. */
  readonly principal: string;
  /** For people to read, never to decide by. */
  readonly displayName: string;
  /** The platform's id of the conversation. */
  readonly room: string;
  readonly direct: boolean;
  /** The message whose thread this is in; null outside of threads. */
  readonly thread: string | null;
  /** Id of this message, to react or reply to. For a button or a reaction, the message that it sits on. Empty for slash. */
  readonly message: string;
  /** The message that this one replies to; null when it replies to none. */
  readonly quotes: string | null;
  /** Without the mention of the bot or the slash command's own name. For a button its value, for a reaction its emoji. */
  readonly text: string;
  /** The bot was mentioned by its id, or it is a slash command or a button. */
  readonly addressed: boolean;
  /** The platform's time, Unix ms. */
  readonly atMs: number;
}

/** What became of a message that was sent, told by the platform later. */
export interface DeliveryStatus {
  /** The key that it was sent under; null when the platform names only the message. */
  readonly key: string | null;
  readonly message: string;
  readonly status: "sent" | "delivered" | "read" | "failed";
  /** Why it failed, for people. */
  readonly reason?: string;
}

/** What a transport has in front of it: the mesh. */
export interface ChatHost {
  /**
   * Resolves once everything of these that matters is durable, so that the platform may be told. On an error nothing may
   * be acknowledged: the platform delivers again.
   */
  receive(events: readonly InboundEvent[]): Promise<Result<void, string>>;
  /** Would this be taken in? Where a platform wants an answer at once, who is not heard is told so. */
  hears(event: InboundEvent): boolean;
  delivered(statuses: readonly DeliveryStatus[]): void;
  /** Something a person has to mend (a revoked token), or should know of (a platform that is down). */
  trouble(problem: Trouble): void;
  /** For slash commands with completion: items whose id or title begins so. At most 25; none for who may not see items. */
  complete(
    beginning: string,
    who: Pick<InboundEvent, "principal" | "room" | "direct">,
  ): readonly { readonly value: string; readonly label: string }[];
}

export interface Trouble {
  /** `fatal`: the account cannot work until a person changes something; the transport has stopped by itself. */
  readonly severity: "fatal" | "passing";
  /** One sentence: what happened, and what to do. Without secrets. */
  readonly message: string;
}

/** Handed to whoever holds the account's ingress lease. */
export interface IngressHost extends ChatHost {
  /** Where the last holder was, as it last said; undefined when nobody ever held it. At most 200 characters. */
  readonly cursor: string | undefined;
  /** The platform has let this node in: from now on what people say arrives. Said again after each interruption. */
  connected(): void;
  /** What was received up to here is durable; the next holder goes on from here. */
  moved(cursor: string): void;
  /**
   * Takes one from a budget that all holders share and that restarts do not refill (Discord's identifies): at most
   * `count` in the last `perMs`. Durable before it resolves. On an error wait that many ms.
   */
  spend(budget: string, limit: { readonly count: number; readonly perMs: number }): Promise<Result<void, number>>;
}

/** An open way in (a sync loop, a gateway, a socket). */
export interface Ingress {
  /** Resolves when nothing more comes and nothing is under way. */
  close(): Promise<void>;
}

// ── webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface WebhookRequest {
  readonly method: string;
  /** As received, with the query. */
  readonly url: string;
  /** Names in lower case. A header that came more than once has all values, so that none is chosen by accident. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Uint8Array;
}

export interface WebhookReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

// ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Button {
  /** At most 20 characters. */
  readonly label: string;
  /** What comes back as the event's text. At most 100 characters. */
  readonly value: string;
  readonly style: "normal" | "primary" | "danger";
}

export interface OutgoingMessage {
  /** SHA-256 in hex. The same key is the same message, on every node and at every attempt. */
  readonly key: string;
  readonly room: string;
  /** The message whose thread it goes to; null for the room itself. */
  readonly thread: string | null;
  /** What to call the thread where threads have names and this message opens it. */
  readonly threadTitle: string;
  /** The message it answers, where the platform shows that. */
  readonly quotes: string | null;
  readonly body: Body;
  readonly buttons: readonly Button[];
  /** Only this principal shall see it, where the platform can. */
  readonly onlyFor: string | null;
  /** When the person last wrote here, Unix ms, for platforms with a window; null when never. */
  readonly lastInboundMs: number | null;
}

export type SendOutcome =
  /** `message` is the platform's id of it; empty where it gives none. */
  | { readonly type: "sent"; readonly message: string }
  /** It was certainly not sent; it may be tried again after that long. `room`: only sends to this room need to wait. */
  | { readonly type: "retry"; readonly afterMs: number; readonly reason: string; readonly scope: "account" | "room" }
  /** It may have been sent (a timeout, a reset): nothing is sent again before `find` was asked, or under the same key. */
  | { readonly type: "uncertain"; readonly reason: string }
  /** It will never be sent as it is. `reason` is for people. */
  | { readonly type: "refused"; readonly reason: string };

export interface ChatTransport {
  readonly kind: string;
  /** Its name in the configuration. */
  readonly account: string;
  readonly capabilities: Capabilities;
  /** Opens the way in. Only the holder of the ingress lease calls it. Absent where everything comes by webhook. */
  open?(host: IngressHost): Ingress;
  /** Answers a webhook, on any node. The signature is checked first; what is not genuine is 401 and nothing else. */
  webhook?(request: WebhookRequest, host: ChatHost): Promise<WebhookReply>;
  send(message: OutgoingMessage): Promise<SendOutcome>;
  /** Changes a message that was sent. Same outcomes; `uncertain` may be repeated, an edit is idempotent. */
  edit?(message: OutgoingMessage, sent: string): Promise<SendOutcome>;
  /** Adds a reaction. One that is there already is a success. */
  react?(room: string, message: string, reaction: Reaction): Promise<SendOutcome>;
  /**
   * After an uncertain send: is it there? `sent` with its id, `refused` when it certainly is not, `uncertain` when that cannot
   * be told (then it is not sent again).
   */
  find?(message: OutgoingMessage, sinceMs: number): Promise<SendOutcome>;
  /** Nothing is sent any more; resolves when nothing is under way. */
  close(): Promise<void>;
}

/** 👀 it is durable, ⏳ it waits, ✅ it is done, ❌ it was refused, ❓ it waits for an answer. */
export type Reaction = "👀" | "⏳" | "✅" | "❌" | "❓";

// ── making one ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What every transport gets from outside, the same objects for all. */
export interface TransportServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly fetch: typeof fetch;
  readonly verifier: Verifier;
}

/** What a slash command looks like, where a platform wants to know beforehand. */
export interface SlashVerb {
  readonly name: string;
  readonly summary: string;
  /** In order. `item`: completed with `host.complete`. */
  readonly parameters: readonly {
    readonly name: string;
    readonly summary: string;
    readonly kind: "item" | "text";
    readonly required: boolean;
  }[];
}

export interface TransportContext extends TransportServices {
  /** The account's name. */
  readonly account: string;
  /** The value of a secret that the configuration names; never log or send it elsewhere. */
  readonly secret: (name: string) => string;
  readonly verbs: readonly SlashVerb[];
}

/** A kind of transport, as it registers. */
export interface TransportKind<Settings = unknown> {
  readonly kind: string;
  /** The account's settings in `node.yaml`, without the ones that all accounts have (rooms, secrets). */
  readonly settings: z.ZodType<Settings>;
  /** Secrets that an account with these settings needs. One that is missing refuses the account before `create` is called. */
  readonly secrets: (settings: Settings) => readonly string[];
  readonly create: (settings: Settings, context: TransportContext) => ChatTransport;
}
