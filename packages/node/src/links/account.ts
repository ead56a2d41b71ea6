/**
 * What each member has made this node do lately, against the budgets of the protocol. An account belongs to a key and
 * outlives its links: whoever is cut and dials again is where it was. Nothing here reaches the log or the fold.
 */
import { type Budget, type BudgetName, BUDGETS } from "@skein/core";

import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";

export interface Account {
  /** Takes so much of a budget. */
  spend(name: BudgetName, amount: number, nowMs: number): void;
  /** Until every budget is kept again, ms. */
  debtMs(nowMs: number): number;
  /** A budget that has been overdrawn for longer than is put up with. */
  exhausted(nowMs: number): BudgetName | undefined;
}

export interface Accounts {
  of(key: string): Account;
}

/** Accounts of links that are gone are kept as long as there is room, and longer while something is owed. */
const KEPT = 1_024;

const NAMES = Object.keys(BUDGETS) as readonly BudgetName[];

interface Line {
  readonly budget: Budget;
  readonly bucket: TokenBucket;
  overSinceMs: number | undefined;
}

export function createAccounts(nowMs: () => number): Accounts {
  const accounts = new Map<string, Account>();
  const forget = (): void => {
    for (const [key, account] of accounts) {
      if (accounts.size < KEPT) return;
      if (account.debtMs(nowMs()) === 0) accounts.delete(key);
    }
  };
  return {
    of: (key) => {
      const known = accounts.get(key);
      if (known !== undefined) return known;
      forget();
      const opened = createAccount();
      accounts.set(key, opened);
      return opened;
    },
  };
}

export function createAccount(): Account {
  const lines = new Map<BudgetName, Line>(
    NAMES.map((name) => [
      name,
      { budget: BUDGETS[name], bucket: createTokenBucket(BUDGETS[name]), overSinceMs: undefined },
    ]),
  );
  /** Being over a budget ends when half of it is there again, not when a single token is. */
  const look = (line: Line, nowMs: number): number => {
    const level = line.bucket.level(nowMs);
    if (level < 0) line.overSinceMs ??= nowMs;
    else if (level >= line.budget.burst / 2) line.overSinceMs = undefined;
    return level;
  };
  return {
    spend: (name, amount, nowMs) => {
      const line = lines.get(name);
      if (line === undefined) return;
      // Looked at before as well: a quiet time since the last message counts.
      look(line, nowMs);
      line.bucket.take(amount, nowMs);
      look(line, nowMs);
    },
    debtMs: (nowMs) => {
      const debts = [...lines.values()].map(({ budget, bucket }) => (-bucket.level(nowMs) / budget.perSecond) * 1_000);
      return Math.max(0, ...debts);
    },
    exhausted: (nowMs) =>
      NAMES.find((name) => {
        const line = lines.get(name);
        if (line === undefined || line.budget.patienceMs === null || look(line, nowMs) >= 0) return false;
        return line.overSinceMs !== undefined && nowMs - line.overSinceMs >= line.budget.patienceMs;
      }),
  };
}
