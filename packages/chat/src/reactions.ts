/** 👀 when a command is durable, then ✅, ❌ or ❓: seen at a glance, never relied on. One that fails is not tried again. */
import type { RoomCommand } from "@skein/core";
import type { ChatDesk, Clock, Logger } from "@skein/node";

import { contained } from "./contained.ts";
import type { ChatTransport, Reaction } from "./transport.ts";

export interface Reactions {
  poke(): void;
  idle(): Promise<void>;
}

export interface ReactionsDeps {
  readonly account: string;
  readonly transport: ChatTransport;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly mayAct: () => boolean;
}

/** Older commands are history. */
const RECENT_MS = 10 * 60_000;
const KEPT = 1_000;

const OUTCOMES: Readonly<Record<string, Reaction | undefined>> = { done: "✅", refused: "❌", asked: "❓" };

export function createReactions({ account, transport, desk, clock, log, mayAct }: ReactionsDeps): Reactions {
  /** What each command was marked with last by this process. */
  const marked = new Map<string, Reaction>();
  /** Seen waiting here: what others finished before is theirs. */
  const seen = new Set<string>();
  let running: Promise<void> | undefined;

  const wanted = (): readonly { readonly command: RoomCommand; readonly reaction: Reaction }[] => {
    const { chat } = desk.view();
    const since = clock.wallMs() - RECENT_MS;
    for (const id of chat.waiting) {
      const received = chat.commands.get(id)?.received;
      if (received?.account === account && received.type === "message" && received.at >= since) seen.add(id);
    }
    return [...seen].flatMap((id) => {
      const command = chat.commands.get(id);
      if (command === undefined) return [];
      const reaction: Reaction = OUTCOMES[command.settled?.outcome ?? ""] ?? "👀";
      if (command.settled?.outcome === "ignored" || marked.get(id) === reaction) return [];
      return [{ command, reaction }];
    });
  };
  const loop = async (): Promise<void> => {
    for (const { command, reaction } of wanted()) {
      if (!mayAct()) return;
      const { id, received } = command;
      marked.set(id, reaction);
      if (received.message !== "") {
        await contained("react", { log, account }, async () => {
          await transport.react?.(received.room, received.message, reaction);
        });
      }
      if (command.settled !== undefined) seen.delete(id);
    }
    while (marked.size > KEPT) marked.delete([...marked.keys()][0] ?? "");
  };
  return {
    poke: () => {
      if (transport.react === undefined) return;
      running ??= contained("reactions", { log, account }, loop).finally(() => {
        running = undefined;
      });
    },
    idle: () => running ?? Promise.resolve(),
  };
}
