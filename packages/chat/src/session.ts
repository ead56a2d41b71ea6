/**
 * One account on this node: its transport, and while this node holds the account's lease the way in and everything that is
 * said. Each account stands for itself: what goes wrong with one is told and touches no other.
 */
import { CHAT_ENTITY, type Crypto, type LiveItem, ok, projectItem, roleAtLeast } from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import { type AccountSettings } from "./account.ts";
import { type Agenda, createAgenda } from "./agenda.ts";
import { type Cards, createCards } from "./cards.ts";
import { type DueContext, roomIn } from "./due.ts";
import { createExecutor, type Executor } from "./executor.ts";
import { createHost } from "./host.ts";
import { createLeaseKeeper, LEASE_TTL_MS, type LeasePlan } from "./lease.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createReactions } from "./reactions.ts";
import type { ChatTransport, Ingress, IngressHost, Trouble, WebhookReply, WebhookRequest } from "./transport.ts";

export interface SessionDeps {
  readonly account: AccountSettings;
  readonly transport: ChatTransport;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly log: Logger;
  /** Who has this name among the members; for `pin`. */
  readonly memberNamed: (name: string) => string | undefined;
}

export interface SessionState {
  readonly account: string;
  /** `connects`: this node holds the lease, and the platform has not let it in yet. */
  readonly state: "speaks" | "connects" | "stands by" | "stopped";
  readonly holder: string | undefined;
  readonly trouble: string | undefined;
}

export interface Session {
  /** Once a second. */
  tick(): void;
  /** Items that changed; undefined when any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  /** What to tell other nodes: undefined when this node cannot speak for the account. */
  cursor(): string | undefined;
  webhook(request: WebhookRequest): Promise<WebhookReply>;
  state(): SessionState;
  /** Gives the lease back and ends. */
  stop(): Promise<void>;
}

/** A holder that slept this long may have lost the lease without knowing: it first hears what happened. */
const STALL_MS = 10_000;
const HEARING_MS = 3_000;
const SAVE_CURSOR_MS = 5_000;

// A list of parts and of who is wired to whom.
// oxlint-disable-next-line max-lines-per-function
export function createSession(deps: SessionDeps): Session {
  const { account, transport, desk, clock, log } = deps;
  const sha256 = (bytes: Uint8Array): Uint8Array => deps.crypto.sha256(bytes);
  const keeper = createLeaseKeeper(deps.crypto);
  const cursorFact = `cursor/${account.id}`;
  let lastTickMs = clock.monoMs();
  let hearUntilMs = clock.monoMs() + HEARING_MS;
  let held: { readonly epoch: number } | undefined;
  let ingress: Ingress | undefined;
  let cursor = "";
  let savedMs = 0;
  let trouble: Trouble | undefined;
  let isStopped = false;
  let isClaiming = false;
  let isConnected = false;

  const isHolder = (): boolean => {
    const lease = desk.view().chat.leases.get(account.id);
    return held !== undefined && lease?.epoch === held.epoch && lease.holder === desk.self() && !lease.released;
  };
  const mayAct = (): boolean => {
    const now = clock.monoMs();
    return !isStopped && isHolder() && desk.canSave() && now >= hearUntilMs && now - lastTickMs < STALL_MS;
  };
  const project = (item: LiveItem): ReturnType<DueContext["project"]> => projectItem(item, desk.naming);
  const context = (): DueContext => ({
    view: desk.view(),
    account,
    capabilities: transport.capabilities,
    sha256,
    project,
  });
  const agenda: Agenda = createAgenda({ account, desk, clock, context });
  const executor: Executor = createExecutor({
    desk,
    clock,
    log,
    sha256,
    account,
    mayAct,
    maxText: roomIn(transport.capabilities),
  });
  const outbox: Outbox = createOutbox({
    account: account.id,
    transport,
    desk,
    clock,
    log,
    due: () => agenda.due(),
    onSent: (due) => cards.wasSent(due),
    mayAct,
  });
  const cards: Cards = createCards({ account, transport, desk, clock, context, mayAct });
  const reactions = createReactions({ account: account.id, transport, desk, clock, mayAct });

  const pokeAll = (): void => {
    if (!mayAct()) return;
    executor.poke();
    reactions.poke();
    outbox.poke();
    cards.poke();
  };
  const onTrouble = (problem: Trouble): void => {
    log(problem.severity === "fatal" ? "error" : "warn", "chat.trouble", {
      account: account.id,
      message: problem.message,
    });
    desk.incident("chat", account.id, problem.message);
    trouble = problem;
    if (problem.severity === "fatal") void release();
  };
  const host = createHost({
    account,
    desk,
    clock,
    log,
    sha256,
    onTrouble,
    delivered: (statuses) => outbox.delivered(statuses),
    onReceived: pokeAll,
  });

  const open = (epoch: number): void => {
    held = { epoch };
    isConnected = false;
    outbox.tookOver();
    agenda.touch(undefined);
    cards.look(undefined);
    log("info", "chat.speaks", { account: account.id, epoch });
    cursor = newestCursor();
    const ingressHost: IngressHost = {
      ...host,
      cursor: cursor === "" ? undefined : cursor,
      connected: () => {
        if (held?.epoch === epoch) isConnected = true;
      },
      moved: (to) => {
        if (held?.epoch !== epoch) return;
        isConnected = true;
        cursor = to;
        saveCursor(false);
      },
    };
    try {
      ingress = transport.open?.(ingressHost);
    } catch (cause) {
      onTrouble({ severity: "fatal", message: `${account.id} could not be opened: ${reasonOf(cause)}` });
    }
  };
  /** `epoch cursor`: of two holders' words the later epoch's is the newer. */
  const newestCursor = (): string => {
    const known = [desk.recall(cursorFact) ?? "", ...desk.speakers(account.id).values()].filter((one) => one !== "");
    const epochOf = (one: string): number => Number(one.slice(0, one.indexOf(" ")));
    const newest = known.toSorted((a, b) => epochOf(b) - epochOf(a))[0];
    return newest === undefined ? "" : newest.slice(newest.indexOf(" ") + 1);
  };
  const saveCursor = (now: boolean): void => {
    if (held === undefined || cursor === "" || (!now && clock.monoMs() - savedMs < SAVE_CURSOR_MS)) return;
    savedMs = clock.monoMs();
    desk.remember(cursorFact, `${held.epoch} ${cursor}`);
  };
  /** What the holder says is kept here too: it may be the last that anybody hears of it. */
  const keepHeardCursor = (): void => {
    if (held !== undefined || clock.monoMs() - savedMs < SAVE_CURSOR_MS) return;
    const heard = [...desk.speakers(account.id).values()].find((one) => one !== "");
    if (heard === undefined || heard === desk.recall(cursorFact)) return;
    savedMs = clock.monoMs();
    desk.remember(cursorFact, heard);
  };
  const close = async (): Promise<void> => {
    saveCursor(true);
    held = undefined;
    const closing = ingress;
    ingress = undefined;
    await closing?.close().catch((cause: unknown) => log("warn", "chat.close", { message: reasonOf(cause) }));
  };
  const release = async (): Promise<void> => {
    const epoch = held?.epoch;
    await Promise.all([executor.idle(), outbox.idle(), cards.idle(), reactions.idle()]);
    await close();
    if (epoch === undefined) return;
    const body = { kind: "lease.release", lease: account.id, epoch } as const;
    await desk.write(() => ok([{ entity: CHAT_ENTITY, on: null, body }]));
  };
  /** What comes by webhook alone is open from the start. */
  const isOpen = (): boolean => held !== undefined && (transport.open === undefined || isConnected);
  const mayHold = (): boolean => {
    const role = desk.role();
    return !isStopped && trouble?.severity !== "fatal" && role !== undefined && roleAtLeast(role, "operator");
  };
  const claim = async (epoch: number): Promise<void> => {
    isClaiming = true;
    const ttl = account.leaseTtlMs ?? LEASE_TTL_MS;
    const body = { kind: "lease.claim", lease: account.id, epoch, ttl } as const;
    await desk.write(() =>
      ok(
        (desk.view().chat.leases.get(account.id)?.epoch ?? 0) < epoch ? [{ entity: CHAT_ENTITY, on: null, body }] : [],
      ),
    );
    isClaiming = false;
  };
  const plan = (): LeasePlan =>
    keeper.plan({
      account: account.id,
      chat: desk.view().chat,
      self: desk.self(),
      speakers: [...desk.speakers(account.id).keys()],
      pinned: account.pin === "" ? undefined : deps.memberNamed(account.pin),
      isExpired: (lease) => desk.isExpired(lease),
      nowMs: clock.monoMs(),
    });
  const step = (): void => {
    if (!mayHold() || !desk.canSave()) {
      if (held !== undefined) void close();
      return;
    }
    const planned = plan();
    if (planned.type === "claim" && !isClaiming) void claim(planned.epoch);
    if (planned.type !== "held") {
      if (held !== undefined) void close();
      return;
    }
    if (clock.monoMs() < hearUntilMs) return;
    if (held?.epoch !== planned.lease.epoch) {
      void close();
      open(planned.lease.epoch);
    }
  };

  return {
    tick: () => {
      const now = clock.monoMs();
      if (now - lastTickMs > STALL_MS) hearUntilMs = now + HEARING_MS;
      lastTickMs = now;
      step();
      saveCursor(false);
      keepHeardCursor();
      if (held !== undefined) agenda.lookAtNodes();
      pokeAll();
    },
    changed: (items) => {
      agenda.touch(items);
      cards.look(items);
      step();
      pokeAll();
    },
    cursor: () => (mayHold() ? (held === undefined ? "" : `${held.epoch} ${cursor}`) : undefined),
    webhook: async (request) => (await transport.webhook?.(request, host)) ?? { status: 404 },
    state: () => ({
      account: account.id,
      state: isHolder() ? (isOpen() ? "speaks" : "connects") : mayHold() ? "stands by" : "stopped",
      holder: desk.view().chat.leases.get(account.id)?.holder,
      trouble: trouble?.message,
    }),
    stop: async () => {
      await release();
      isStopped = true;
      await transport.close().catch((cause: unknown) => log("warn", "chat.close", { message: reasonOf(cause) }));
    },
  };
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
