/** What is pushed to whom: only what fits on what the peer holds. And how often heads are told. */
import { BUDGETS, type Message } from "@skein/core";
import { expect, test } from "vitest";

import type { CommittedFrame } from "../journal.ts";
import { createManualClock } from "../testing/link-stand.ts";
import { createAnnouncer, type Knowledge, pushLive } from "./live-push.ts";

const PACKED = undefined;
const LOOSE = new Uint8Array(10);
const link = {};

/** A peer that holds all there is: five ops of the feed "a". */
function stand(changes: Partial<Knowledge> = {}) {
  const knowledge: Knowledge = { known: new Map([["a", 5]]), behind: false, peerCatchingUp: false, ...changes };
  const told: string[] = [];
  const send = (message: Message): void => {
    told.push(message.type === "frames" ? `${message.frames.length} frames` : message.type);
  };
  const push = (frames: readonly CommittedFrame[], mayPush = true): void =>
    pushLive(frames, { knowledge, link, mayPush, send, announce: () => told.push("heads") });
  return { knowledge, told, push };
}

const frame = (feed: string, seq: number, bytes: Uint8Array | undefined, from?: object): CommittedFrame => ({
  bytes,
  feed,
  branch: feed,
  firstSeq: seq,
  lastSeq: seq,
  from,
});

test("a peer that holds everything is sent what is new, in one message", () => {
  const { told, push } = stand();
  push([frame("a", 6, LOOSE), frame("b", 1, LOOSE)]);
  push([frame("a", 7, LOOSE)]);
  expect(told).toEqual(["2 frames", "1 frames"]);
});

test("what comes after a pack may build on it: the peer is told the heads and asks", () => {
  const { told, push, knowledge } = stand();
  push([frame("a", 6, LOOSE), frame("mallory", 1, PACKED), frame("stranger", 1, LOOSE)]);
  expect(told).toEqual(["1 frames", "heads"]);
  push([frame("a", 7, LOOSE)]);
  expect(told).toEqual(["1 frames", "heads", "heads"]);
  knowledge.behind = false;
  knowledge.known?.set("a", 7);
  push([frame("a", 8, LOOSE)]);
  expect(told.at(-1)).toBe("1 frames");
});

test("packs alone are no news yet, and a peer that is catching up asks by itself", () => {
  const first = stand();
  first.push([frame("mallory", 1, PACKED)]);
  expect(first.told).toEqual([]);
  expect(first.knowledge.behind).toBe(true);
  const second = stand({ peerCatchingUp: true });
  second.push([frame("a", 6, LOOSE)]);
  expect(second.told).toEqual([]);
});

test("what a peer sent it holds, and what follows it fits", () => {
  const { told, push } = stand();
  push([frame("a", 6, PACKED, link), frame("c", 1, LOOSE, link)]);
  push([frame("a", 7, LOOSE), frame("c", 2, LOOSE)]);
  expect(told).toEqual(["2 frames"]);
});

test("whoever may not be pushed to is behind afterwards, and whoever has told nothing yet is left alone", () => {
  const provisional = stand();
  provisional.push([frame("a", 6, LOOSE)], false);
  expect(provisional.told).toEqual([]);
  expect(provisional.knowledge.behind).toBe(true);
  const silent = stand({ known: undefined });
  silent.push([frame("a", 6, LOOSE)]);
  expect(silent.told).toEqual([]);
});

test("heads are told at once, and of a flood of reasons only so often that no peer minds", () => {
  const clock = createManualClock();
  let told = 0;
  const announcer = createAnnouncer(clock, () => ++told && 1);
  announcer.announce();
  expect(told).toBe(1);
  const seconds = 60;
  for (let ms = 0; ms < seconds * 1_000; ms += 10) {
    announcer.announce();
    clock.advance(10);
  }
  expect(told).toBeGreaterThan(seconds);
  expect(told).toBeLessThan((BUDGETS.heads.perSecond / 2) * seconds);
  const before = told;
  announcer.announce();
  clock.advance(1_000);
  expect(told).toBeGreaterThan(before);
  announcer.stop();
  const after = told;
  announcer.announce();
  clock.advance(10_000);
  expect(told).toBe(after);
});
