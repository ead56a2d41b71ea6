/**
 * Chat on this node: the registry of kinds, and a session for each account of the configuration. Accounts are started, stopped
 * and changed one by one while the node runs; a transport that throws costs its own account and nothing else.
 */
import { type Crypto, err, ok, type Result } from "@skein/core";
import type { ChatDesk, Clock, Logger, Random } from "@skein/node";

import type { AccountSettings } from "./account.ts";
import type { Interpret } from "./interpreter.ts";
import { contained, reasonOf } from "./contained.ts";
import { ruleProblem } from "./rules.ts";
import { createSession, type Session, type SessionState } from "./session.ts";
import { slashVerbs } from "./slash.ts";
import type { ChatTransport, TransportKind, WebhookReply, WebhookRequest } from "./transport.ts";
import { createVerifier } from "./verify/create-verifier.ts";

export interface ChatEngineDeps {
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly log: Logger;
  readonly fetch: typeof fetch;
  /** Who turns talk into proposals now; nobody when it is left out. */
  readonly interpreter?: () => Interpret | undefined;
}

export interface ChatEngine {
  /** Makes a kind of transport known. Kinds are given by whoever composes the node; the engine knows none. */
  register<Settings>(kind: TransportKind<Settings>): void;
  /** Makes the accounts what the configuration says; those that did not change go on. */
  apply(accounts: readonly AccountSettings[]): Promise<void>;
  webhook(kind: string, name: string, request: WebhookRequest): Promise<WebhookReply>;
  states(): readonly SessionState[];
  start(): void;
  stop(): Promise<void>;
}

const TICK_MS = 1_000;

interface Running {
  readonly settings: AccountSettings;
  /** What it was started with; it may have got other ones since. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly session: Session;
}

export function createChatEngine(deps: ChatEngineDeps): ChatEngine {
  const { desk, clock, log } = deps;
  const kinds = new Map<string, Make>();
  const running = new Map<string, Running>();
  const refused = new Map<string, string>();
  const verifier = createVerifier(clock);
  let cancel = (): void => undefined;

  const memberNamed = (name: string): string | undefined =>
    [...desk.view().membership.members.values()].find((member) => member.name === name && member.cut === null)?.id;
  const start = (settings: AccountSettings): void => {
    const made = makeTransport(settings, kinds, { ...deps, verifier });
    if (!made.ok) {
      refused.set(settings.id, made.error);
      log("error", "chat.refused", { account: settings.id, message: made.error });
      return desk.incident("chat", settings.id, made.error);
    }
    const { transport, secrets } = made.value;
    const session = createSession({ ...deps, account: settings, transport, memberNamed });
    running.set(settings.id, { settings, secrets, session });
    return undefined;
  };
  const stop = async (id: string): Promise<void> => {
    const one = running.get(id);
    running.delete(id);
    await contained("stop", { log, account: id }, () => one?.session.stop() ?? Promise.resolve());
  };
  const announce = (): void => {
    const accounts: Record<string, string> = {};
    for (const [id, { session }] of running) {
      const cursor = session.cursor();
      if (cursor !== undefined) accounts[id] = cursor;
    }
    desk.announce(accounts);
  };
  const each = (run: (session: Session) => void): void => {
    for (const [id, { session }] of running) void contained("session", { log, account: id }, async () => run(session));
  };
  const tick = (): void => {
    announce();
    each((session) => session.tick());
    cancel = clock.after(TICK_MS, tick);
  };
  desk.onCommitted(({ items, chat }) => {
    if (items === undefined || items.size > 0 || chat) each((session) => session.changed(items));
  });

  return {
    register: (kind) => void kinds.set(kind.kind, (account, services) => makeOf(kind, account, services)),
    apply: async (accounts) => {
      const wanted = new Map(accounts.filter(({ enabled }) => enabled).map((one) => [one.id, one]));
      refused.clear();
      for (const [id, one] of running) {
        const now = wanted.get(id);
        // Somebody changed something: perhaps what one that gave up was waiting for.
        if (now === undefined || !isSame(now, one) || one.session.hasFailed()) await stop(id);
      }
      for (const [id, settings] of wanted) if (!running.has(id)) start(settings);
      announce();
    },
    webhook: async (kind, name, request) => {
      const one = running.get(`${kind}/${name}`);
      if (one === undefined) return { status: 404, body: "There is no such account here." };
      try {
        return await one.session.webhook(request);
      } catch (cause) {
        log("error", "chat.webhook", { account: `${kind}/${name}`, message: reasonOf(cause) });
        return { status: 500 };
      }
    },
    states: () => [...[...running.values()].map(({ session }) => session.state()), ...[...refused].map(stoppedState)],
    start: tick,
    stop: async () => {
      cancel();
      await Promise.all([...running.keys()].map(stop));
    },
  };
}

const stoppedState = ([account, trouble]: readonly [string, string]): SessionState => ({
  account,
  state: "stopped",
  holder: undefined,
  trouble,
});

interface Services extends ChatEngineDeps {
  readonly verifier: ReturnType<typeof createVerifier>;
}

interface Made {
  readonly transport: ChatTransport;
  readonly secrets: ReadonlyMap<string, string>;
}

/** A kind of transport with its settings' type closed in. */
type Make = (account: AccountSettings, services: Services) => Result<Made, string>;

function makeTransport(
  account: AccountSettings,
  kinds: ReadonlyMap<string, Make>,
  services: Services,
): Result<Made, string> {
  const make = kinds.get(account.kind);
  if (make === undefined) {
    return err(`${account.id}: there is no transport "${account.kind}". There are: ${[...kinds.keys()].join(", ")}.`);
  }
  const problem = ruleProblem(account);
  if (problem !== undefined) return err(`${account.id} does not start: ${problem}.`);
  return make(account, services);
}

/** Refused with a sentence: a setting that is wrong, a secret that is missing, a transport that throws. */
function makeOf<Settings>(
  kind: TransportKind<Settings>,
  account: AccountSettings,
  services: Services,
): Result<Made, string> {
  try {
    const parsed = kind.settings.safeParse(account.settings);
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "settings"}: ${message}`);
      return err(`${account.id} does not start: ${problems.join("; ")}.`);
    }
    const secrets = new Map(kind.secrets(parsed.data).map((name) => [name, account.secret(name) ?? ""]));
    const missing = [...secrets].flatMap(([name, value]) => (value === "" ? [name] : []));
    if (missing.length > 0) {
      const why = account.whyNoSecret ?? ((): string => "Name an environment variable or a file for it under secrets.");
      const reasons = [...new Set(missing.map(why))].join(" ");
      return err(`${account.id} does not start: the secret ${missing.join(" and ")} is missing. ${reasons}`);
    }
    const { clock, random, log, fetch, verifier } = services;
    const secret = (name: string): string => account.secret(name) ?? "";
    const transport = kind.create(parsed.data, {
      account: account.name,
      clock,
      random,
      log,
      fetch,
      verifier,
      secret,
      verbs: slashVerbs(),
    });
    return ok({ transport, secrets });
  } catch (cause) {
    return err(`${account.id} does not start: ${reasonOf(cause)}`);
  }
}

/** Secrets are compared by what they are: the configuration only names where they lie. */
const isSame = (now: AccountSettings, { settings, secrets }: Running): boolean =>
  JSON.stringify({ ...now, secret: null }) === JSON.stringify({ ...settings, secret: null }) &&
  [...secrets].every(([name, value]) => now.secret(name) === value);
