/** Budgets of a member, on a clock that the test holds. */
import { type BudgetName, BUDGETS } from "@skein/core";
import { expect, test } from "vitest";

import { createAccount, createAccounts } from "./account.ts";
import { createTokenBucket } from "./token-bucket.ts";

test("a bucket gives its burst at once, then its rate, and never keeps more than its burst", () => {
  const bucket = createTokenBucket({ perSecond: 10, burst: 100 });
  expect(bucket.take(100, 1_000)).toBe(0);
  expect(bucket.level(1_500)).toBe(5);
  expect(bucket.take(10, 2_000)).toBe(0);
  expect(bucket.level(1_000_000)).toBe(100);
});

test("nobody owes more than a burst, so all is forgiven after a known time", () => {
  const bucket = createTokenBucket({ perSecond: 10, burst: 100 });
  expect(bucket.take(1e12, 0)).toBe(-100);
  expect(bucket.level(10_000)).toBe(0);
});

test("a clock that stands still or is behind gives nothing", () => {
  const bucket = createTokenBucket({ perSecond: 10, burst: 100 });
  bucket.take(100, 5_000);
  expect(bucket.level(5_000)).toBe(0);
  expect(bucket.level(4_000)).toBe(0);
  expect(bucket.level(5_000)).toBe(0);
});

test.each(Object.keys(BUDGETS) as BudgetName[])("%s: within the burst nothing is owed, one more is", (name) => {
  const { burst, perSecond } = BUDGETS[name];
  const account = createAccount();
  account.spend(name, burst, 1_000);
  expect(account.debtMs(1_000)).toBe(0);
  account.spend(name, 1, 1_000);
  expect(account.debtMs(1_000)).toBeCloseTo(1_000 / perSecond);
  expect(account.debtMs(1_000 + 1_000 / perSecond)).toBeCloseTo(0);
});

const named = (patient: (patienceMs: number | null) => boolean): readonly BudgetName[] =>
  (Object.keys(BUDGETS) as BudgetName[]).filter((name) => patient(BUDGETS[name].patienceMs));

/** Spends a tenth more than the budget gives, every 100 ms. */
function overspend(name: BudgetName, forMs: number): BudgetName | undefined {
  const account = createAccount();
  account.spend(name, BUDGETS[name].burst, 0);
  for (let nowMs = 100; nowMs <= forMs; nowMs += 100) {
    account.spend(name, BUDGETS[name].perSecond * 0.11 + 0.001, nowMs);
    const exhausted = account.exhausted(nowMs);
    if (exhausted !== undefined) return exhausted;
  }
  return undefined;
}

test.each(named((patienceMs) => patienceMs === null))("%s over budget for an hour is only slowed down", (name) => {
  expect(overspend(name, 3_600_000)).toBeUndefined();
});

test.each(named((patienceMs) => patienceMs !== null))("%s over budget is put up with for a while", (name) => {
  const { patienceMs } = BUDGETS[name];
  const within = patienceMs === 0 ? undefined : overspend(name, patienceMs ?? 0);
  expect(within).toBeUndefined();
  expect(overspend(name, (patienceMs ?? 0) + 1_000)).toBe(name);
});

test("half a burst of quiet ends the time over budget", () => {
  const account = createAccount();
  const { burst, perSecond } = BUDGETS.wants;
  let nowMs = 0;
  for (let round = 0; round < 20; round++) {
    account.spend("wants", burst + 1, nowMs);
    expect(account.exhausted(nowMs)).toBeUndefined();
    nowMs += ((burst * 1.6) / perSecond) * 1_000;
  }
});

test("an account outlives its links and is one for all of them", () => {
  let nowMs = 0;
  const accounts = createAccounts(() => nowMs);
  accounts.of("mallory").spend("junk", BUDGETS.junk.burst + 1, nowMs);
  expect(accounts.of("mallory").exhausted(nowMs)).toBe("junk");
  expect(accounts.of("alice").exhausted(nowMs)).toBeUndefined();
  // As many other keys as anybody likes do not wash it away.
  for (let key = 0; key < 5_000; key++) accounts.of(`key ${key}`);
  expect(accounts.of("mallory").exhausted(nowMs)).toBe("junk");
  nowMs = 2_000_000;
  expect(accounts.of("mallory").exhausted(nowMs)).toBeUndefined();
});
