/** Keeps status cards up to date: a card that was sent is edited when what it says has changed. */
import type { ChatDesk, Clock } from "@skein/node";

import { type AccountSettings, roomOf } from "./account.ts";
import { cardOf, concerns, type DueContext } from "./due.ts";
import type { ChatTransport } from "./transport.ts";

export interface CardsDeps {
  readonly account: AccountSettings;
  readonly transport: ChatTransport;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly context: () => DueContext;
  readonly mayAct: () => boolean;
}

export interface Cards {
  /** These items changed; undefined: any may have. */
  look(items: ReadonlySet<string> | undefined): void;
  poke(): void;
  idle(): Promise<void>;
}

/** A card is not edited more often than that. */
const PACE_MS = 1_500;

export function createCards({ account, transport, desk, clock, context, mayAct }: CardsDeps): Cards {
  /** Card keys with what they said last, as far as this node knows. */
  const said = new Map<string, string>();
  const dirty = new Set<string>();
  let notBefore = 0;
  let running: Promise<void> | undefined;

  const refresh = async (id: string): Promise<void> => {
    const { view } = context();
    const item = view.items.get(id);
    if (item === undefined || !concerns(item)) return;
    for (const { id: room } of account.rooms) {
      const due = cardOf(item, room, context());
      const sent = view.chat.sent.get(due.mark.key);
      const words = JSON.stringify([due.message.body, due.message.buttons]);
      if (sent === undefined || sent.message === "" || said.get(due.mark.key) === words) continue;
      if (roomOf(account, room) === undefined || !mayAct()) return;
      // An edit is a message of its own: its key is what it says.
      const key = `${due.mark.key.slice(0, 32)}${hashOf(words, context().sha256)}`;
      const outcome = await transport.edit?.({ ...due.message, key }, sent.message).catch(() => undefined);
      if (outcome?.type === "retry") notBefore = clock.monoMs() + outcome.afterMs;
      if (outcome?.type === "sent" || outcome?.type === "refused") said.set(due.mark.key, words);
      else dirty.add(id);
    }
  };
  const loop = async (): Promise<void> => {
    for (const id of [...dirty]) {
      if (!mayAct() || clock.monoMs() < notBefore) return;
      dirty.delete(id);
      await refresh(id);
    }
    notBefore = Math.max(notBefore, clock.monoMs() + PACE_MS);
  };
  return {
    look: (items) => {
      for (const id of items ?? desk.view().items.keys()) dirty.add(id);
    },
    poke: () => {
      if (transport.edit === undefined) return;
      running ??= loop().finally(() => {
        running = undefined;
      });
    },
    idle: () => running ?? Promise.resolve(),
  };
}

const hashOf = (words: string, sha256: DueContext["sha256"]): string =>
  [...sha256(new TextEncoder().encode(words)).subarray(0, 16)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
