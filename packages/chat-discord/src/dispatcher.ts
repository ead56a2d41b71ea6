/**
 * Takes the dispatches of one connection in order and makes what matters of them durable. The position moves only behind
 * what is durable. When something cannot be made durable, everything after it is dropped and the connection has to end:
 * Discord sends it again to whoever resumes.
 *
 * Interactions are answered at once, because Discord waits three seconds for them; only their place in the order waits.
 */
import type { IngressHost, TransportContext } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";

import type { Api } from "./api.ts";
import { backfill, type BackfillParts } from "./backfill.ts";
import type { Dispatch } from "./gateway-link.ts";
import type { Interactions } from "./interactions.ts";
import type { Position } from "./position.ts";
import { translate, type TranslateContext } from "./translate.ts";

export interface Dispatcher {
  push(dispatch: Dispatch): void;
  /** Drops what has not begun; resolves when nothing is under way. */
  stop(): Promise<void>;
}

export interface DispatcherParts extends BackfillParts, TranslateContext {
  readonly api: Api;
  readonly host: IngressHost;
  readonly interactions: Interactions;
  readonly position: Position;
  readonly log: TransportContext["log"];
  /** Called once: nothing goes on from here. */
  onFailure(reason: string): void;
}

interface Entry extends Dispatch {
  /** Of an interaction: resolves when it is kept or was refused for good. */
  readonly answered: Promise<void> | undefined;
}

const QUEUE_MAX = 10_000;
/** So many are made durable together. */
const BATCH_MAX = 50;

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const queue: Entry[] = [];
  const callbacks = new Set<Promise<void>>();
  let isStopped = false;
  let running: Promise<void> | undefined;

  const fail = (reason: string): void => {
    if (isStopped) return;
    isStopped = true;
    queue.length = 0;
    parts.onFailure(reason);
  };
  const run = async (): Promise<void> => {
    // Whoever stops empties the queue.
    while (queue.length > 0) {
      const done = await process(queue.splice(0, BATCH_MAX), parts);
      if (!done.ok) fail(done.error);
    }
    running = undefined;
  };
  return {
    push: (dispatch) => {
      if (isStopped) return;
      const answered = dispatch.name === "INTERACTION_CREATE" ? answer(dispatch.data, parts, callbacks) : undefined;
      queue.push({ ...dispatch, answered });
      if (queue.length > QUEUE_MAX) fail("more came than could be made durable");
      else running ??= run();
    },
    stop: async () => {
      isStopped = true;
      queue.length = 0;
      await running;
      await Promise.all(callbacks);
    },
  };
}

async function process(batch: readonly Entry[], parts: DispatcherParts): Promise<Result<void, string>> {
  // Before anything newer, also when the connection that first tried it is gone.
  const bridged = await bridge(parts);
  if (!bridged.ok) return bridged;
  const translated = [];
  for (const dispatch of batch) {
    await dispatch.answered;
    const one = await translate(dispatch, parts);
    if (!one.ok) return err(one.error.reason);
    translated.push(one.value);
  }
  const events = translated.flatMap(({ events }) => events);
  const received = events.length === 0 ? ok(undefined) : await parts.host.receive(events);
  if (!received.ok) return received;
  const newest = translated
    .flatMap(({ newest }) => newest ?? [])
    .toSorted(bySnowflake)
    .at(-1);
  parts.position.reached(batch.at(-1)?.sequence ?? 0, newest, events.length > 0);
  return ok(undefined);
}

const bySnowflake = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1);

async function bridge(parts: DispatcherParts): Promise<Result<void, string>> {
  const { position } = parts;
  if (!position.isGap()) return ok(undefined);
  const found = await backfill(parts, position.cursor());
  if (!found.ok) return found;
  position.bridged(found.value);
  return ok(undefined);
}

/** Resolves when the interaction is durable or refused; its callback may still be on its way. */
async function answer(data: unknown, parts: DispatcherParts, callbacks: Set<Promise<void>>): Promise<void> {
  const answered = await parts.interactions.answer(data, parts.host);
  if (answered?.to === undefined) return;
  const { id, token } = answered.to;
  const callback = tell(id, token, answered.reply, parts);
  callbacks.add(callback);
  void callback.finally(() => callbacks.delete(callback));
}

/** Another node was faster: the person has their answer. */
const ALREADY_ANSWERED = 40_060;
/** It is older than three seconds: the person was told by Discord that nobody answered. */
const UNKNOWN_INTERACTION = 10_062;

async function tell(id: string, token: string, reply: unknown, { api, log }: DispatcherParts): Promise<void> {
  const told = await api.request("POST", `/interactions/${id}/${encodeURIComponent(token)}/callback`, {
    body: reply,
    anonymous: true,
  });
  if (told.ok) return;
  const isKnown = told.error.type === "refused" && [ALREADY_ANSWERED, UNKNOWN_INTERACTION].includes(told.error.code);
  log(isKnown ? "info" : "warn", "discord.interaction-answer", { interaction: id, reason: told.error.reason });
}
