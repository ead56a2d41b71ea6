import { createPrng } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createEventQueue, type QueuedEvent } from "./event-queue.ts";

test("events come out by time, and those of one time in the order they were put in", () => {
  const prng = createPrng(1);
  const queue = createEventQueue<QueuedEvent>();
  const events = Array.from({ length: 500 }, (_, order) => ({ atMs: prng.int(40), order }));
  for (const event of events) queue.put(event);
  const out = Array.from({ length: 500 }, () => queue.take());
  expect(out).toEqual(events.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
  expect(queue.take()).toBeUndefined();
});

test("putting and taking may be mixed", () => {
  const queue = createEventQueue<QueuedEvent>();
  queue.put({ atMs: 5, order: 0 });
  queue.put({ atMs: 3, order: 1 });
  expect(queue.take()?.atMs).toBe(3);
  queue.put({ atMs: 4, order: 2 });
  expect([queue.peek()?.atMs, queue.size]).toEqual([4, 2]);
  expect([queue.take()?.atMs, queue.take()?.atMs]).toEqual([4, 5]);
});
