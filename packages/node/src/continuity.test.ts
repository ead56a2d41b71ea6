import { ok } from "@skein/core";
import { expect, test } from "vitest";

import { createContinuity } from "./continuity.ts";
import type { LogStore } from "./ports.ts";

const OLD = new Uint8Array(8).fill(1);

/** A continuity whose time the test moves by hand. */
function begin(hasAuthored: boolean) {
  const events: string[] = [];
  const timers: (() => void)[] = [];
  const store: LogStore = {
    frames: () => [].values(),
    frame: () => undefined,
    append: () => ok(undefined),
    replace: () => ok(undefined),
    getMeta: () => undefined,
    putMeta: (key) => {
      events.push(`saved ${key}`);
      return ok(undefined);
    },
    close: () => undefined,
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
    hasAuthored: () => hasAuthored,
    onSettled: () => events.push("may author"),
    onIsolated: () => events.push("isolated"),
  });
  return { continuity, events, timers };
}

test("a node that was told what its peers hold goes on with its feed", () => {
  const { continuity, events, timers } = begin(true);
  continuity.start(false);
  expect(events).toEqual([]);
  continuity.caughtUp();
  expect(events).toEqual(["may author"]);
  expect(timers).toEqual([]);
  expect(continuity.incarnation()).toEqual(OLD);
});

test("a node that nobody told goes on under a new incarnation", () => {
  const { continuity, events, timers } = begin(true);
  continuity.start(false);
  for (const run of [...timers]) run();
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

test("a feed without an op needs no other one", () => {
  const { continuity, events } = begin(false);
  continuity.start(false);
  continuity.stop();
  expect(events).toEqual(["may author"]);
  expect(continuity.incarnation()).toEqual(OLD);
});
