/** Keeps status cards up to date: a card that was sent is edited when what it says has changed. */
import { isLive } from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import type { AccountSettings } from "./account.ts";
import { boardPage } from "./answers.ts";
import { cardOf, type Due, type DueContext, keyOf, repliesTo, roomIn } from "./due.ts";
import { contained } from "./contained.ts";
import { shortened } from "./parts.ts";
import { targetsOf } from "./notices/targets.ts";
import type { ChatTransport, OutgoingMessage, SendOutcome } from "./transport.ts";

export interface CardsDeps {
  readonly account: AccountSettings;
  readonly transport: ChatTransport;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly context: () => DueContext;
  readonly mayAct: () => boolean;
}

export interface Cards {
  /** These items changed; undefined: any may have. */
  look(items: ReadonlySet<string> | undefined): void;
  /** This was just sent: nothing to edit until it says something else. */
  wasSent(due: Due): void;
  poke(): void;
  idle(): Promise<void>;
}

/** A live view lives so long. */
const LIVE_MS = 10 * 60_000;

/** A card is not edited more often than that. */
const PACE_MS = 1_500;

/** The cards of all items that ever were would keep a platform's limits busy for an hour at every take-over. */
const RESTED_MS = 24 * 3_600_000;

export function createCards({ account, transport, desk, clock, log, context, mayAct }: CardsDeps): Cards {
  /** Card keys with what they said last, as far as this node knows. */
  const said = new Map<string, string>();
  const dirty = new Set<string>();
  let notBefore = 0;
  let running: Promise<void> | undefined;

  /** True when the message says this now, or never will; otherwise it is tried again at the next look. */
  const edit = async (card: string, message: OutgoingMessage, sent: string): Promise<boolean> => {
    const words = wordsOf(message);
    // An edit is a message of its own. What it says may have been said before, so the time is part of its key.
    const key = keyOf(context().sha256, "edit", card, words, clock.wallMs());
    let outcome: SendOutcome | undefined;
    await contained("edit", { log, account: account.id }, async () => {
      outcome = await transport.edit?.({ ...message, key }, sent);
    });
    if (outcome?.type === "retry") notBefore = clock.monoMs() + outcome.afterMs;
    const isOver = outcome?.type === "sent" || outcome?.type === "refused";
    if (isOver) said.set(card, words);
    return isOver;
  };
  const refresh = async (id: string): Promise<void> => {
    const { view } = context();
    const item = view.items.get(id);
    if (item === undefined || !isLive(item)) return;
    for (const { room } of targetsOf(account, view)) {
      const due = cardOf(item, room, context());
      const sent = view.chat.sent.get(due.mark.key);
      if (sent === undefined || sent.message === "" || said.get(due.mark.key) === wordsOf(due.message)) continue;
      if (!mayAct()) return;
      if (!(await edit(due.mark.key, due.message, sent.message))) dirty.add(id);
    }
  };
  /** Replies to `status --live`: the board as it is now, in the message that answered. */
  const refreshLive = async (): Promise<void> => {
    const { view } = context();
    const since = clock.wallMs() - LIVE_MS;
    for (const id of view.chat.live) {
      const command = view.chat.commands.get(id);
      // All that there ever were are gone through, so what is over is passed over before anything is made of it.
      if (command?.received.account !== account.id || (command.settled?.stamp.wall ?? 0) <= since) continue;
      const [due] = repliesTo(command, context());
      const sent = due === undefined ? undefined : view.chat.sent.get(due.mark.key);
      if (due === undefined || sent === undefined || sent.message === "" || !mayAct()) continue;
      const board = await desk.read("item.list", { all: false });
      if (!board.ok) continue;
      const body = shortened(boardPage(board.value), roomIn(transport.capabilities));
      const message = { ...due.message, body };
      if ((said.get(due.mark.key) ?? wordsOf(due.message)) === wordsOf(message)) continue;
      await edit(due.mark.key, message, sent.message);
    }
  };
  const loop = async (): Promise<void> => {
    if (!mayAct() || clock.monoMs() < notBefore) return;
    await refreshLive();
    for (const id of new Set(dirty)) {
      if (!mayAct() || clock.monoMs() < notBefore) return;
      dirty.delete(id);
      await refresh(id);
    }
    notBefore = Math.max(notBefore, clock.monoMs() + PACE_MS);
  };
  /** Of what may have changed unseen: an item that has rested for a day had a speaker to keep its card up to date. */
  const lately = (): readonly string[] => {
    const since = clock.wallMs() - RESTED_MS;
    return [...desk.view().items.values()].flatMap(({ id, updatedAt }) => (updatedAt >= since ? [id] : []));
  };
  return {
    look: (items) => {
      for (const id of items ?? lately()) dirty.add(id);
    },
    wasSent: ({ mark, message }) => {
      if (mark.purpose === "card") said.set(mark.key, wordsOf(message));
    },
    poke: () => {
      if (transport.edit === undefined) return;
      running ??= contained("cards", { log, account: account.id }, loop).finally(() => {
        running = undefined;
      });
    },
    idle: () => running ?? Promise.resolve(),
  };
}

const wordsOf = ({ body, buttons }: Due["message"]): string => JSON.stringify([body, buttons]);
