/**
 * What comes in over one proved link, held to its member's budgets. Over a budget nothing is read from the link until it
 * is within it again, so that the pressure goes back to the sender; whoever goes on all the same is cut. Reading stops
 * as well while many of its frames wait to become durable.
 */
import { type BudgetName, BUDGETS, isPack, LIMITS, type Message } from "@skein/core";

import type { Cancel, Clock, Link } from "../ports.ts";
import type { Account } from "./account.ts";

export interface Ingress {
  /** False when the message is not to be looked at, because the link ends by it. */
  admit(message: Message, bytes: number, isAnswer: boolean): boolean;
  spend(name: BudgetName, amount: number): boolean;
  /** These frames wait to become durable; the function says that they do no more. */
  waiting(frames: readonly Uint8Array[]): () => void;
  end(): void;
}

export interface IngressDeps {
  readonly clock: Clock;
  readonly link: Pick<Link, "pause" | "resume">;
  readonly account: Account;
  /** Ends the link for this reason. */
  readonly cut: (message: string) => void;
}

export function createIngress({ clock, link, account, cut }: IngressDeps): Ingress {
  let inbox = 0;
  let paused = false;
  let ended = false;
  let cancel: Cancel | undefined;

  const settle = (): void => {
    const isFull = inbox > LIMITS.inboxBytes || cancel !== undefined;
    if (ended || isFull === paused) return;
    paused = isFull;
    if (paused) link.pause();
    else link.resume();
  };
  const pauseWhileOwing = (): void => {
    const debtMs = account.debtMs(clock.monoMs());
    if (debtMs === 0 || ended || cancel !== undefined) return;
    cancel = clock.after(Math.min(debtMs, LIMITS.pauseMs), () => {
      cancel = undefined;
      settle();
    });
  };
  const judge = (): boolean => {
    const exhausted = account.exhausted(clock.monoMs());
    if (exhausted !== undefined) {
      cut(overBudget(exhausted));
      return false;
    }
    pauseWhileOwing();
    settle();
    return true;
  };
  return {
    admit: (message, bytes, isAnswer) => {
      for (const [name, amount] of costOf(message, bytes, isAnswer)) account.spend(name, amount, clock.monoMs());
      return judge();
    },
    spend: (name, amount) => {
      account.spend(name, amount, clock.monoMs());
      return judge();
    },
    waiting: (frames) => {
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      inbox += bytes;
      settle();
      return () => {
        inbox -= bytes;
        settle();
      };
    },
    end: () => {
      ended = true;
      cancel?.();
    },
  };
}

/** Why a link ends, for people at both ends. Always the same sentence, so that many of them are one incident. */
export function overBudget(name: BudgetName): string {
  const { perSecond, burst } = BUDGETS[name];
  const seconds = Math.ceil(burst / perSecond);
  return `it is over its budget of ${name} (${perSecond} a second, ${burst} at once); it is heard again within ${seconds} s`;
}

/** Nobody has to send a pack unasked, so one counts as if it were full. */
const weightOf = (bytes: Uint8Array): number => (isPack(bytes) ? LIMITS.packOps : 1);

/** The answer to a question of this node's own is free: it is asked for one at a time, and within limits. */
function costOf(message: Message, bytes: number, isAnswer: boolean): readonly (readonly [BudgetName, number])[] {
  if (isAnswer) return [];
  const always = [["bytes", bytes] as const, ["messages", 1] as const];
  switch (message.type) {
    case "frames":
      return [...always, ["frames", message.frames.reduce((sum, bytes) => sum + weightOf(bytes), 0)]];
    case "heads":
    case "heads-page":
      return [...always, ["heads", 1]];
    case "want":
      return [...always, ["wants", 1]];
    case "beat":
      return [...always, ["beats", 1]];
    case "log-read":
      return [...always, ["logReads", 1]];
    default:
      return always;
  }
}
