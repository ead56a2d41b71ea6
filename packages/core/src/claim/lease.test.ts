/** Leases as one observer measures them, on its own monotonic clock only. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createLeaseObserver, createStallDetector } from "./lease.ts";

const TTL = 1_000;
const lease = { holder: "aa", ttlMs: TTL };

test("a holder that beats within its TTL is never expired", () => {
  const observer = createLeaseObserver();
  for (let counter = 0; counter < 50; counter++) {
    observer.heard("aa", BigInt(counter), counter * 900);
    expect(observer.isExpired(lease, counter * 900 + 899)).toBe(false);
  }
});

test("a holder is expired when its TTL has passed since it was last heard, not sooner", () => {
  const observer = createLeaseObserver();
  observer.heard("aa", 1n, 500);
  expect(observer.isExpired(lease, 500 + TTL)).toBe(false);
  expect(observer.isExpired(lease, 500 + TTL + 1)).toBe(true);
  observer.heard("aa", 2n, 2_000);
  expect(observer.isExpired(lease, 2_001)).toBe(false);
});

test("a beat that comes again, or comes late, renews nothing", () => {
  const observer = createLeaseObserver();
  observer.heard("aa", 7n, 0);
  observer.heard("aa", 7n, 900);
  observer.heard("aa", 6n, 1_000);
  expect(observer.lastHeardMs("aa")).toBe(0);
  expect(observer.isExpired(lease, TTL + 1)).toBe(true);
});

test("each lease is measured by its own TTL, each holder by its own beats", () => {
  const observer = createLeaseObserver();
  observer.heard("aa", 1n, 0);
  observer.heard("bb", 1n, 800);
  expect(observer.isExpired({ holder: "aa", ttlMs: 500 }, 900)).toBe(true);
  expect(observer.isExpired({ holder: "aa", ttlMs: 5_000 }, 900)).toBe(false);
  expect(observer.isExpired({ holder: "bb", ttlMs: 500 }, 900)).toBe(false);
});

test("a holder that was never heard counts from the first question about it", () => {
  const observer = createLeaseObserver();
  expect(observer.isExpired(lease, 1_000_000)).toBe(false);
  expect(observer.lastHeardMs("aa")).toBeUndefined();
  expect(observer.isExpired(lease, 1_000_000 + TTL)).toBe(false);
  expect(observer.isExpired(lease, 1_000_000 + TTL + 1)).toBe(true);
  observer.heard("aa", 0n, 1_002_000);
  expect(observer.isExpired(lease, 1_002_500)).toBe(false);
});

test("after the observer's own stall every silence starts again", () => {
  const observer = createLeaseObserver();
  observer.heard("aa", 1n, 0);
  observer.isExpired({ holder: "bb", ttlMs: TTL }, 0);
  observer.grace(50_000);
  for (const holder of ["aa", "bb"]) {
    expect(observer.isExpired({ holder, ttlMs: TTL }, 50_000 + TTL)).toBe(false);
    expect(observer.isExpired({ holder, ttlMs: TTL }, 50_000 + TTL + 1)).toBe(true);
  }
  // The grace is no sign of life.
  expect(observer.lastHeardMs("aa")).toBe(0);
});

test("grace does not forget the counter: an old beat that comes after it renews nothing", () => {
  const observer = createLeaseObserver();
  observer.heard("aa", 9n, 0);
  observer.grace(100);
  observer.heard("aa", 8n, 900);
  expect(observer.isExpired(lease, 100 + TTL + 1)).toBe(true);
});

test("whatever is heard, a lease expires only when a TTL has passed since the last new beat, first question or grace", () => {
  const event = fc.record({
    afterMs: fc.nat(1_500),
    what: fc.oneof(
      fc.record({ type: fc.constant("beat" as const), counter: fc.nat(6) }),
      fc.record({ type: fc.constant("ask" as const) }),
      fc.record({ type: fc.constant("grace" as const) }),
    ),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const observer = createLeaseObserver();
      let now = 0;
      let since: number | undefined;
      let counter = -1;
      const answers: [boolean, boolean][] = [];
      for (const { afterMs, what } of events) {
        now += afterMs;
        if (what.type === "beat") {
          observer.heard("aa", BigInt(what.counter), now);
          if (what.counter > counter) [counter, since] = [what.counter, now];
        } else if (what.type === "grace") {
          observer.grace(now);
          since = since === undefined ? undefined : now;
        } else {
          since ??= now;
          answers.push([observer.isExpired(lease, now), now - since > TTL]);
        }
      }
      for (const [answer, expected] of answers) expect(answer).toBe(expected);
    }),
  );
});

test("a stall is a tick that came much later than it was meant to", () => {
  const isStalled = createStallDetector(500);
  expect(isStalled(10_000, 100)).toBe(false);
  expect(isStalled(10_100, 100)).toBe(false);
  expect(isStalled(10_700, 100)).toBe(false);
  expect(isStalled(11_301, 100)).toBe(true);
  expect(isStalled(11_401, 100)).toBe(false);
});

test("whoever only looks begins no measurement", () => {
  const leases = createLeaseObserver();
  const lease = { holder: "bob", ttlMs: 1_000 };
  expect(leases.looksExpired(lease, 0)).toBe(false);
  expect(leases.looksExpired(lease, 5_000)).toBe(false);
  expect(leases.isExpired(lease, 5_000)).toBe(false);
  expect(leases.looksExpired(lease, 6_001)).toBe(true);
});

test("a holder that proves its key on a new link starts its silence again, and nobody else's", () => {
  const leases = createLeaseObserver();
  leases.heard("bob", 1n, 0);
  leases.heard("carol", 1n, 0);
  leases.met("bob", 900);
  leases.met("dave", 900);
  expect(leases.isExpired({ holder: "bob", ttlMs: 1_000 }, 1_500)).toBe(false);
  expect(leases.isExpired({ holder: "carol", ttlMs: 1_000 }, 1_500)).toBe(true);
  expect(leases.isExpired({ holder: "bob", ttlMs: 1_000 }, 1_901)).toBe(true);
});
