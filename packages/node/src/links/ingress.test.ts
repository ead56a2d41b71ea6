/** A link that is over its budget: not read for a while, cut when it goes on. */
import { type BudgetName, BUDGETS, LIMITS, type Message } from "@skein/core";
import { expect, test } from "vitest";

import { createManualClock, createRecordedLink, type ManualClock, type RecordedLink } from "../testing/link-stand.ts";
import { type Account, createAccount } from "./account.ts";
import { createIngress, type Ingress } from "./ingress.ts";

interface Stand {
  readonly clock: ManualClock;
  readonly link: RecordedLink;
  readonly account: Account;
  readonly ingress: Ingress;
}

function stand(account: Account = createAccount(), clock: ManualClock = createManualClock()): Stand {
  const link = createRecordedLink();
  const ingress = createIngress({ clock, link, account, cut: (message) => link.close(message) });
  return { clock, link, account, ingress };
}

const want: Message = { type: "want", heads: new Map(), locators: [] };
const beat: Message = { type: "beat", bytes: new Uint8Array(), signature: new Uint8Array(64) };
const frames = (count: number): Message => ({
  type: "frames",
  frames: Array.from({ length: count }, () => new Uint8Array(10)),
  more: false,
});

test("a peer within its budgets is read all the time", () => {
  const { clock, link, ingress } = stand();
  const pushed = frames(400);
  for (let second = 0; second < 900; second++) {
    for (let message = 0; message < 10; message++) expect(ingress.admit(want, 500, false)).toBe(true);
    expect(ingress.admit(pushed, 200_000, false)).toBe(true);
    expect(link.isPaused()).toBe(false);
    clock.advance(1_000);
  }
});

test("over a budget the link is not read until the debt is paid", () => {
  const { clock, link, ingress } = stand();
  const over = BUDGETS.frames.burst + BUDGETS.frames.perSecond;
  expect(ingress.admit(frames(over), 1_000, false)).toBe(true);
  expect(link.isPaused()).toBe(true);
  clock.advance(999);
  expect(link.isPaused()).toBe(true);
  clock.advance(1);
  expect(link.isPaused()).toBe(false);
  expect(link.closed()).toBeUndefined();
});

test("no pause is so long that the other end takes the link for dead", () => {
  const { clock, link, ingress } = stand();
  ingress.admit(frames(10 * BUDGETS.frames.burst), 1_000, false);
  clock.advance(LIMITS.pauseMs);
  expect(link.isPaused()).toBe(false);
  ingress.admit(beat, 100, false);
  expect(link.isPaused()).toBe(true);
  expect(LIMITS.pauseMs * 3).toBeLessThan(LIMITS.idleMs);
});

test("the answer to a question of this node's own costs nothing, however large", () => {
  const { link, ingress } = stand();
  const chunk = frames(1_000);
  for (let answer = 0; answer < 2_000; answer++) ingress.admit(chunk, LIMITS.messageBytes, true);
  expect(link.isPaused()).toBe(false);
});

/** Sends as fast as it is read, for so long. */
function flood({ clock, link, ingress }: Stand, message: Message, bytes: number, forMs: number): number {
  let read = 0;
  for (let elapsed = 0; elapsed < forMs && link.closed() === undefined; elapsed += 10) {
    // What one read off the socket holds at most.
    for (let inHand = 0; inHand < 64 * 1024 && !link.isPaused() && link.closed() === undefined; inHand += bytes) {
      ingress.admit(message, bytes, false);
      read++;
    }
    clock.advance(10);
  }
  return read;
}

test.each<[BudgetName, Message, number]>([
  ["wants", want, 20],
  ["heads", { type: "heads", heads: new Map() }, 20],
  ["heads", { type: "heads-page", heads: new Map() }, 20],
  ["logReads", { type: "log-read", id: 1, item: "0123456789ab", epoch: 1, offset: 0 }, 40],
])("%s without end are slowed down and then end the link", (name, message, bytes) => {
  const flooded = stand();
  const read = flood(flooded, message, bytes, 60_000);
  expect(flooded.link.closed()).toMatch(new RegExp(`^it is over its budget of ${name} `));
  const { burst, perSecond, patienceMs } = BUDGETS[name];
  expect(patienceMs).not.toBeNull();
  // A read that was under way when the pause began, once for each pause.
  const inHand = (64 * 1024) / bytes;
  expect(read).toBeLessThan(burst + perSecond * 11 + inHand * 10);
});

test("beats without end are slowed down and nothing else", () => {
  const flooded = stand();
  const seconds = 120;
  const read = flood(flooded, beat, 200, seconds * 1_000);
  expect(flooded.link.closed()).toBeUndefined();
  expect(read).toBeLessThan(BUDGETS.beats.burst + BUDGETS.beats.perSecond * (seconds + 5));
});

test("junk is forgiven a few times and then keeps the member out for some seconds, on every new link", () => {
  const { clock, account, ingress, link } = stand();
  for (let piece = 0; piece < BUDGETS.junk.burst; piece++) expect(ingress.spend("junk", 1)).toBe(true);
  expect(link.closed()).toBeUndefined();
  expect(ingress.spend("junk", 1)).toBe(false);
  expect(link.closed()).toContain("budget of junk");
  expect(account.exhausted(clock.monoMs())).toBe("junk");
  clock.advance(1_000 / BUDGETS.junk.perSecond);
  expect(account.exhausted(clock.monoMs())).toBeUndefined();
});

test("nothing is read while many frames wait to become durable", () => {
  const { link, ingress } = stand();
  const half = [new Uint8Array(LIMITS.inboxBytes / 2)];
  const [first, second] = [ingress.waiting(half), ingress.waiting(half)];
  expect(link.isPaused()).toBe(false);
  const third = ingress.waiting([new Uint8Array(1)]);
  expect(link.isPaused()).toBe(true);
  first();
  expect(link.isPaused()).toBe(false);
  second();
  third();
  expect(link.isPaused()).toBe(false);
});

test("two reasons to pause both have to end", () => {
  const { clock, link, ingress } = stand();
  const release = ingress.waiting([new Uint8Array(LIMITS.inboxBytes + 1)]);
  ingress.admit(frames(BUDGETS.frames.burst + BUDGETS.frames.perSecond), 1_000, false);
  release();
  expect(link.isPaused()).toBe(true);
  clock.advance(1_000);
  expect(link.isPaused()).toBe(false);
});

test("a link that has ended is left alone", () => {
  const { clock, link, ingress } = stand();
  ingress.admit(frames(BUDGETS.frames.burst + BUDGETS.frames.perSecond), 1_000, false);
  ingress.end();
  clock.advance(10_000);
  expect(link.isPaused()).toBe(true);
});
