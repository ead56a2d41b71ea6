/** A timer that a node with a wrong clock has fired far ahead comes at its time all the same. */
import { CHAT_ENTITY, createReplica, type Draft, FIRED_REMEMBERED, foundMesh, ok, toHex } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { Journal } from "./journal.ts";
import { createTimers } from "./timers.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 21, 12, 0, 30);
const YEAR = 365 * 24 * 60 * MINUTE;

test("a clock that was a year ahead for some hours keeps no timer from coming, and none comes twice on a node", async () => {
  const me = { signer: testSigner("timers"), incarnation: new Uint8Array(8).fill(1) };
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: START - MINUTE }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = START;
  const write = (drafts: readonly Draft[]): void => void replica.write(drafts, me, wallMs);
  const timer = "abcdef123456";
  const what = { does: "add", item: "", title: "Tidy", text: "", priority: 5, labels: [], start: false } as const;
  const plan = { kind: "timer.plan", timer, at: 0, cron: "* * * * *", zone: "UTC", catchUp: "one", by: "" } as const;
  write([{ entity: CHAT_ENTITY, on: null, body: { ...plan, ...what } }]);
  for (let at = 1; at <= FIRED_REMEMBERED; at++) {
    const occurrence = START - 30_000 + YEAR + at * MINUTE;
    write([{ entity: CHAT_ENTITY, on: null, body: { kind: "timer.fire", timer, occurrence } }]);
  }
  const fired: number[] = [];
  const journal: Pick<Journal, "write" | "problem"> = {
    problem: () => undefined,
    write: (decide) => {
      const decided = decide();
      if (decided.ok) {
        write(decided.value);
        for (const { body } of decided.value) if (body.kind === "timer.fire") fired.push(body.occurrence);
      }
      return Promise.resolve(decided.ok ? ok([]) : decided);
    },
  };
  let due: (() => void) | undefined;
  const clock = {
    monoMs: () => wallMs,
    wallMs: () => wallMs,
    after: (_delayMs: number, run: () => void) => {
      due = run;
      return () => undefined;
    },
  };
  const self = { key: toHex(me.signer.publicKey), role: "owner" } as const;
  const timers = createTimers({
    clock,
    crypto: testCrypto,
    replica,
    journal,
    log: () => undefined,
    self: () => self,
    alive: () => [],
  });
  timers.start();
  for (let second = 0; second < 200; second++) {
    wallMs += 1_000;
    due?.();
    await new Promise(setImmediate);
  }
  timers.stop();
  expect(fired.map((occurrence) => (occurrence - START + 30_000) / MINUTE)).toEqual([1, 2, 3]);
  expect(replica.view().items.size).toBe(3);
});
