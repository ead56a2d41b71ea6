/** A node's side of the simulated chat platform: the kinds of transport that its engine gets, for one life of a program. */
import type {
  Capabilities,
  ChatHost,
  ChatTransport,
  InboundEvent,
  Ingress,
  IngressHost,
  OutgoingMessage,
  SendOutcome,
  TransportKind,
  WebhookRequest,
} from "@skein/chat";
import { z } from "zod";

import type { Life } from "../kernel/life.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import type { ChatPlatform, Connection, Flavor, HookPayload } from "./chat-platform.ts";

export interface ClientDeps {
  readonly platform: ChatPlatform;
  readonly life: Life;
  readonly scheduler: Scheduler;
  readonly watch: ClientWatch;
  /** False once its token was revoked. */
  readonly isUp: () => boolean;
}

export interface ClientWatch {
  /** The node does something that people see, or opens the way in. */
  readonly onAct: (flavor: Flavor, what: string) => void;
  /** The node says that these are safe. */
  readonly onSafe: (flavor: Flavor, events: readonly InboundEvent[]) => void;
  /** What an uncertain send turned out to be. */
  readonly onFound: (outcome: SendOutcome["type"]) => void;
}

const KEYED: Capabilities = {
  threads: true,
  edit: true,
  buttons: 3,
  reactions: true,
  slash: false,
  ephemeral: false,
  maxText: 20_000,
  windowMs: null,
  idempotency: "key",
  rooms: "fixed",
};

const BLIND: Capabilities = {
  ...KEYED,
  threads: false,
  edit: false,
  buttons: 0,
  reactions: false,
  idempotency: "reconcile",
};

export const clientKind = (flavor: Flavor, deps: ClientDeps): TransportKind<Record<string, never>> => ({
  kind: flavor,
  settings: z.record(z.string(), z.never()),
  secrets: () => [],
  create: (_settings, { account }) => createClient(flavor, account, deps),
});

function createClient(flavor: Flavor, account: string, deps: ClientDeps): ChatTransport {
  const { platform, watch } = deps;
  const base: ChatTransport = {
    kind: flavor,
    account,
    capabilities: flavor === "keyed" ? KEYED : BLIND,
    webhook: async (request, host) => ({ status: (await hear(flavor, deps, request, host)) ? 200 : 503 }),
    send: (message) => {
      watch.onAct(flavor, "sends");
      return ask(deps, () => ({ type: "sent", message: platform.store(flavor, message, deps.life) }));
    },
    close: () => Promise.resolve(),
  };
  const isSocket = flavor === "keyed" || platform.blindSocket;
  return {
    ...base,
    ...(isSocket ? { open: (host: IngressHost): Ingress => connect(flavor, deps, host) } : {}),
    ...(flavor === "keyed" ? changing(deps) : { find: (message: OutgoingMessage) => find(flavor, deps, message) }),
  };
}

/** Edits and reactions, where the platform has them. */
const changing = (deps: ClientDeps): Pick<ChatTransport, "edit" | "react"> => ({
  edit: (_message, sent) => {
    deps.watch.onAct("keyed", "edits");
    return ask(deps, () => ({ type: "sent", message: sent }));
  },
  react: (_room, message) => {
    deps.watch.onAct("keyed", "reacts");
    return ask(deps, () => ({ type: "sent", message }));
  },
});

async function find(flavor: Flavor, deps: ClientDeps, message: OutgoingMessage): Promise<SendOutcome> {
  const { platform, watch } = deps;
  const outcome = await ask(deps, () => {
    if (platform.prng.chance(platform.rates.cannotTellChance)) return { type: "uncertain", reason: "it cannot tell" };
    const post = platform.find(flavor, message.key);
    return post === undefined ? { type: "refused", reason: "it is not there" } : { type: "sent", message: post.id };
  });
  // Not having asked is not having been told: a limit or an outage says nothing about the message.
  watch.onFound(outcome.type);
  return outcome;
}

const TIMEOUT_MS = 5_000;

/** What the client throws, now and then. */
export const SIMULATED_BUG = "a bug of the simulated transport";

/** One request: to the platform, what it does there, and back. All of it may go wrong. */
function ask({ platform, life, scheduler, isUp }: ClientDeps, act: () => SendOutcome): Promise<SendOutcome> {
  const { prng, rates } = platform;
  if (prng.chance(rates.throwChance)) return Promise.reject(new Error(SIMULATED_BUG));
  const delay = (): number => 1 + prng.int(Math.max(1, Math.round(rates.maxMs)));
  const isRequestLost = prng.chance(rates.lostRequestChance);
  const isAnswerLost = prng.chance(rates.lostAnswerChance);
  const isLimited = prng.chance(rates.limitChance);
  if (!isUp()) return Promise.resolve({ type: "refused", reason: "its token was revoked" });
  return new Promise((resolve) => {
    const answer = (outcome: SendOutcome, delayMs: number): void =>
      void scheduler.after(delayMs, () => resolve(outcome), life);
    if (platform.down && prng.chance(0.5)) {
      return answer({ type: "retry", afterMs: 500 + prng.int(3_000), reason: "it is away", scope: "account" }, delay());
    }
    if (platform.down || isRequestLost) return answer({ type: "uncertain", reason: "no answer" }, TIMEOUT_MS);
    if (isLimited) {
      const scope = prng.chance(0.5) ? "room" : "account";
      return answer({ type: "retry", afterMs: 500 + prng.int(4_000), reason: "too many", scope }, delay());
    }
    // What arrives is done, whatever becomes of who asked.
    scheduler.after(delay(), () => {
      const outcome = act();
      if (isAnswerLost) answer({ type: "uncertain", reason: "no answer" }, TIMEOUT_MS);
      else answer(outcome, delay());
    });
    return undefined;
  });
}

async function hear(flavor: Flavor, deps: ClientDeps, request: WebhookRequest, host: ChatHost): Promise<boolean> {
  // Written by the platform beside this file.
  const payload = JSON.parse(new TextDecoder().decode(request.body)) as HookPayload;
  if (payload.type === "status") {
    host.delivered([{ key: payload.key, message: payload.message, status: "delivered" }]);
    return true;
  }
  return safe(flavor, deps, payload.events, host);
}

async function safe(
  flavor: Flavor,
  { watch }: ClientDeps,
  events: readonly InboundEvent[],
  host: ChatHost,
): Promise<boolean> {
  const received = await host.receive(events);
  if (received.ok) watch.onSafe(flavor, events);
  return received.ok;
}

const RECONNECT_MS = 2_000;

function connect(flavor: Flavor, deps: ClientDeps, host: IngressHost): Ingress {
  const { platform, life, scheduler, watch, isUp } = deps;
  watch.onAct(flavor, "opens");
  let position = host.cursor === undefined ? platform.newest(flavor) : Number(host.cursor);
  let isClosed = false;
  let current: Connection | undefined;
  const dial = (): void => {
    if (isClosed || !isUp()) return;
    if (platform.down) {
      scheduler.after(RECONNECT_MS, dial, life);
      return;
    }
    const connection: Connection = {
      flavor,
      life,
      position,
      isBusy: false,
      isOpen: true,
      isUp,
      receive: (events) => (isClosed ? Promise.resolve(false) : safe(flavor, deps, events, host)),
      moved: (to) => {
        position = to;
        host.moved(String(to));
      },
    };
    current = connection;
    host.moved(String(position));
    host.connected();
    platform.connect(connection);
    watchFor(connection);
  };
  /** A client notices by itself that its socket is dead. */
  const watchFor = (connection: Connection): void => {
    const look = (): void => {
      if (isClosed) return;
      if (platform.has(connection)) scheduler.after(RECONNECT_MS, look, life);
      else dial();
    };
    scheduler.after(RECONNECT_MS, look, life);
  };
  scheduler.after(1 + platform.prng.int(100), dial, life);
  return {
    close: () => {
      isClosed = true;
      if (current !== undefined) current.isOpen = false;
      return Promise.resolve();
    },
  };
}
