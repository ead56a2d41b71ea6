/**
 * One account on this node: its transport, and while this node holds the account's lease the way in and everything that is
 * said. Each account stands for itself: what goes wrong with one is told and touches no other.
 */
import { CHAT_ENTITY, type Crypto, type LiveItem, ok, projectItem, roleAtLeast } from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import { type AccountSettings } from "./account.ts";
import { type Agenda, createAgenda } from "./agenda.ts";
import { contained, reasonOf, within } from "./contained.ts";
import { type Cards, createCards } from "./cards.ts";
import { type DueContext, roomIn } from "./due.ts";
import { createExecutor, type Executor } from "./executor.ts";
import { createHost } from "./host.ts";
import type { Interpret } from "./interpreter.ts";
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
  /** Who turns talk into proposals now; nobody when it is left out. */
  readonly interpreter?: () => Interpret | undefined;
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
  /** A person has to change something before this account works again. */
  hasFailed(): boolean;
  /** Gives the lease back and ends. */
  stop(): Promise<void>;
}

/** A holder that slept this long may have lost the lease without knowing: it first hears what happened. */
const stallMs = (ttlMs: number): number => ttlMs / 3;
const hearingMs = (ttlMs: number): number => ttlMs / 10;
const SAVE_CURSOR_MS = 5_000;
/** So long what is under way, and then the way in, may take to end; a transport that hangs keeps nobody else. */
const PATIENCE_MS = 10_000;

// A list of parts and of who is wired to whom.
// oxlint-disable-next-line max-lines-per-function
export function createSession(deps: SessionDeps): Session {
  const { account, transport, desk, clock, log } = deps;
  const ttl = account.leaseTtlMs ?? LEASE_TTL_MS;
  const sha256 = (bytes: Uint8Array): Uint8Array => deps.crypto.sha256(bytes);
  const keeper = createLeaseKeeper(deps.crypto);
  const cursorFact = `cursor/${account.id}`;
  let lastTickMs = clock.monoMs();
  let hearUntilMs = clock.monoMs() + hearingMs(ttl);
  let held: { readonly epoch: number } | undefined;
  let ingress: Ingress | undefined;
  let cursor = "";
  let savedMs = 0;
  let trouble: Trouble | undefined;
  let isStopped = false;
  /** The lease is being given back: nothing new is begun. */
  let isLeaving = false;
  let isClaiming = false;
  let isConnected = false;

  const isHolder = (): boolean => {
    const lease = desk.view().chat.leases.get(account.id);
    return held !== undefined && lease?.epoch === held.epoch && lease.holder === desk.self() && !lease.released;
  };
  const mayAct = (): boolean => {
    const now = clock.monoMs();
    const isAwake = now >= hearUntilMs && now - lastTickMs < stallMs(ttl);
    return !isStopped && !isLeaving && isHolder() && desk.canSave() && isAwake;
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
  /** Commands that this session has decided, for as long as their answers are not out. */
  const decided = new Set<string>();
  const executor: Executor = createExecutor({
    desk,
    clock,
    log,
    sha256,
    account,
    mayAct,
    maxText: roomIn(transport.capabilities),
    interpreter: deps.interpreter,
    decided,
  });
  const outbox: Outbox = createOutbox({
    account: account.id,
    transport,
    desk,
    clock,
    log,
    due: () => agenda.due(),
    onSent: (due, isFound) => {
      decided.delete(due.mark.about);
      if (!isFound) return cards.wasSent(due);
      // Whoever sent it said how things stood then.
      if (due.mark.purpose === "card") cards.look(new Set([due.mark.item]));
      return undefined;
    },
    isOwn: (command) => decided.has(command),
    mayAct,
  });
  const cards: Cards = createCards({ account, transport, desk, clock, log, context, mayAct });
  const reactions = createReactions({ account: account.id, transport, desk, clock, log, mayAct });

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
  const fault = (what: string, run: () => Promise<void>): Promise<void> =>
    contained(what, { log, account: account.id }, run);
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
    cursor = cursorIn(newestWord());
    // Where this holder begins is kept at once: a holder that dies young would leave nobody a word of it.
    savedMs = Number.NEGATIVE_INFINITY;
    const ingressHost: IngressHost = {
      ...host,
      cursor: cursor === "" ? undefined : cursor,
      connected: () => {
        if (held?.epoch !== epoch) return;
        isConnected = true;
        if (trouble?.severity === "passing") trouble = undefined;
      },
      moved: (to) => {
        if (held?.epoch !== epoch) return;
        if (trouble?.severity === "passing") trouble = undefined;
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
  const wordOf = (epoch: number): string => (cursor === "" ? "" : `${epoch} ${cursor}`);
  /** `epoch cursor`: of two words the later epoch's is the newer, and of one epoch the holder's own. */
  const newestWord = (): string => {
    const speakers = desk.speakers(account.id);
    const holder = speakers.get(desk.view().chat.leases.get(account.id)?.holder ?? "") ?? "";
    const known = [holder, desk.recall(cursorFact) ?? "", ...speakers.values()];
    return known.toSorted((a, b) => epochIn(b) - epochIn(a))[0] ?? "";
  };
  const saveCursor = (now: boolean): void => {
    if (held === undefined || cursor === "" || (!now && clock.monoMs() - savedMs < SAVE_CURSOR_MS)) return;
    savedMs = clock.monoMs();
    desk.remember(cursorFact, wordOf(held.epoch));
  };
  /**
   * What the holder says is kept here and passed on too: it may be the last that anybody hears of it, and who takes over may
   * never have heard it itself.
   */
  const keepHeardCursor = (): void => {
    if (held !== undefined || clock.monoMs() - savedMs < SAVE_CURSOR_MS) return;
    const heard = newestWord();
    const known = desk.recall(cursorFact) ?? "";
    if (heard === "" || heard === known || epochIn(heard) < epochIn(known)) return;
    savedMs = clock.monoMs();
    desk.remember(cursorFact, heard);
  };
  const close = async (): Promise<void> => {
    saveCursor(true);
    held = undefined;
    const closing = ingress;
    ingress = undefined;
    await fault("close", async () => closing?.close());
  };
  const release = (epoch: number | undefined = held?.epoch): Promise<void> =>
    fault("release", async () => {
      isLeaving = true;
      try {
        const idle = [executor.idle(), outbox.idle(), cards.idle(), reactions.idle()];
        await within(clock, PATIENCE_MS, Promise.all(idle));
        await within(clock, PATIENCE_MS, close());
        if (epoch === undefined) return;
        const body = { kind: "lease.release", lease: account.id, epoch } as const;
        await desk.write(() => ok([{ entity: CHAT_ENTITY, on: null, body }]));
      } finally {
        isLeaving = false;
      }
    });
  /** What comes by webhook alone is open from the start. */
  const isOpen = (): boolean => held !== undefined && (transport.open === undefined || isConnected);
  const mayHold = (): boolean => {
    const role = desk.role();
    return !isStopped && trouble?.severity !== "fatal" && role !== undefined && roleAtLeast(role, "operator");
  };
  /** Nothing is wrong, and yet this node never speaks: somebody who looks would wait for it. */
  const silence = (): string | undefined =>
    isStopped || mayHold()
      ? undefined
      : `This node's role in the mesh is ${desk.role() ?? "none"}; who speaks in rooms has to be operator or owner.`;
  const claim = async (epoch: number): Promise<void> => {
    isClaiming = true;
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
      isAlive: (member) => desk.nodes().some(({ id, alive }) => id === member && alive),
      nowMs: clock.monoMs(),
    });
  const step = (): void => {
    if (!mayHold() || !desk.canSave()) {
      if (held !== undefined) void close();
      return undefined;
    }
    if (isLeaving) return undefined;
    const planned = plan();
    if (planned.type === "claim" && !isClaiming) void claim(planned.epoch);
    if (planned.type === "yield") return void release(planned.lease.epoch);
    if (planned.type !== "held") {
      if (held !== undefined) void close();
      return undefined;
    }
    if (clock.monoMs() < hearUntilMs) return undefined;
    if (held?.epoch !== planned.lease.epoch) {
      void close();
      open(planned.lease.epoch);
    }
    return undefined;
  };

  return {
    tick: () => {
      const now = clock.monoMs();
      if (now - lastTickMs > stallMs(ttl)) hearUntilMs = now + hearingMs(ttl);
      lastTickMs = now;
      step();
      saveCursor(false);
      keepHeardCursor();
      if (held !== undefined) agenda.look();
      pokeAll();
    },
    changed: (items) => {
      agenda.touch(items);
      cards.look(items);
      step();
      pokeAll();
    },
    // One that cannot save cannot speak either: others hear of that by this.
    cursor: () =>
      mayHold() && desk.canSave()
        ? held === undefined
          ? (desk.recall(cursorFact) ?? "")
          : wordOf(held.epoch)
        : undefined,
    webhook: async (request) => (await transport.webhook?.(request, host)) ?? { status: 404 },
    state: () => ({
      account: account.id,
      state: isHolder() ? (isOpen() ? "speaks" : "connects") : mayHold() ? "stands by" : "stopped",
      holder: desk.view().chat.leases.get(account.id)?.holder,
      trouble: trouble?.message ?? silence(),
    }),
    hasFailed: () => trouble?.severity === "fatal",
    stop: async () => {
      await release();
      isStopped = true;
      await fault("close", () => within(clock, PATIENCE_MS, transport.close()));
    },
  };
}

const epochIn = (word: string): number => (word === "" ? 0 : Number(word.slice(0, word.indexOf(" "))));
const cursorIn = (word: string): string => word.slice(word.indexOf(" ") + 1);
