import { feedOf, type Head, type Heads, ok } from "@skein/core";
import { expect, test } from "vitest";

import { createContinuity } from "./continuity.ts";
import type { LogStore } from "./ports.ts";
import { emptyLogStore } from "./testing/empty-log-store.ts";

const OLD = new Uint8Array(8).fill(1);

/** This node's feed as it is here: five ops. */
const OWN: Head = { author: "aa", incarnation: "01", seq: 5, frame: new Uint8Array(32).fill(5) };

const headsOf = (...heads: readonly Head[]): Heads =>
  new Map(heads.map((head, index) => [`${feedOf(head)}~${index}`, head]));

/** A continuity whose time the test moves by hand. */
function begin(hasAuthored: boolean) {
  const events: string[] = [];
  const timers: (() => void)[] = [];
  const store: LogStore = {
    ...emptyLogStore,
    putMeta: (key) => {
      events.push(`saved ${key}`);
      return ok(undefined);
    },
  };
  const continuity = createContinuity({
    clock: {
      monoMs: () => 0,
      wallMs: () => 0,
      after: (_delay, run) => {
        timers.push(run);
        return () => timers.splice(timers.indexOf(run), 1);
      },
    },
    random: { bytes: (length) => new Uint8Array(length).fill(2) },
    store,
    incarnation: OLD,
    ownHead: () => (hasAuthored ? OWN : undefined),
    onSettled: () => events.push("may author"),
    onIsolated: () => events.push("isolated"),
  });
  return { continuity, events, timers };
}

test("a node that was told what its peers hold goes on with its feed", () => {
  const { continuity, events, timers } = begin(true);
  continuity.start(false);
  continuity.told("bob", headsOf({ ...OWN, author: "bb" }, OWN));
  expect(events).toEqual([]);
  expect(continuity.isAsking()).toBe(true);
  continuity.caughtUp("bob");
  expect(events).toEqual(["may author"]);
  expect(continuity.isAsking()).toBe(false);
  expect(timers).toEqual([]);
  expect(continuity.incarnation()).toEqual(OLD);
});

test.each<[string, Heads]>([
  ["names nothing", headsOf()],
  ["names another member's feed", headsOf({ ...OWN, author: "bb" })],
  ["names an earlier incarnation", headsOf({ ...OWN, incarnation: "00" })],
  ["names an earlier end", headsOf({ ...OWN, seq: 4 })],
  ["names a later end and does not bring it", headsOf({ ...OWN, seq: 6 })],
  ["names another history", headsOf({ ...OWN, frame: new Uint8Array(32) })],
  ["names every end there could be", headsOf({ ...OWN, seq: 4 }, OWN)],
])("a peer that %s proves nothing, whatever it says next", (_, heads) => {
  const { continuity, events, timers } = begin(true);
  continuity.start(false);
  continuity.told("mallory", heads);
  continuity.caughtUp("mallory");
  // By now it has heard from this node itself what to say.
  continuity.told("mallory", headsOf(OWN));
  continuity.caughtUp("mallory");
  expect(events).toEqual([]);
  for (const run of timers) run();
  expect(events).toEqual(["saved incarnation", "isolated", "may author"]);
});

test("an honest peer settles it although a liar was first, and not before all it holds is here", () => {
  const { continuity, events } = begin(true);
  continuity.start(false);
  continuity.told("mallory", headsOf());
  continuity.told("bob", headsOf(OWN));
  continuity.caughtUp("mallory");
  expect(events).toEqual([]);
  continuity.caughtUp("bob");
  expect(events).toEqual(["may author"]);
  expect(continuity.incarnation()).toEqual(OLD);
});

test("an incarnation that began in this life needs nobody's word", () => {
  const { continuity, events } = begin(true);
  continuity.start(false);
  continuity.renew();
  continuity.caughtUp("mallory");
  expect(events).toEqual(["saved incarnation", "may author"]);
});

test("a node that nobody told goes on under a new incarnation", () => {
  const { continuity, events, timers } = begin(true);
  continuity.start(false);
  for (const run of timers) run();
  expect(events).toEqual(["saved incarnation", "isolated", "may author"]);
  expect(continuity.incarnation()).not.toEqual(OLD);
});

test("a node that is stopped before anybody told it writes what waits under a new incarnation, too", () => {
  const { continuity, events } = begin(true);
  continuity.start(false);
  continuity.stop();
  expect(events).toEqual(["saved incarnation", "isolated", "may author"]);
  expect(continuity.incarnation()).not.toEqual(OLD);
});

test.each(["stops", "is caught up"])(
  "a feed without an op may have lost them all: a node that %s has another one",
  (how) => {
    const { continuity, events, timers } = begin(false);
    continuity.start(false);
    if (how === "stops") continuity.stop();
    else continuity.caughtUp("bob");
    expect(events).toEqual(["saved incarnation", "may author"]);
    expect(timers).toEqual([]);
    expect(continuity.incarnation()).not.toEqual(OLD);
  },
);

test("a node with nobody else in its mesh goes on at once", () => {
  const { continuity, events } = begin(true);
  continuity.start(true);
  expect(events).toEqual(["may author"]);
  expect(continuity.incarnation()).toEqual(OLD);
});
