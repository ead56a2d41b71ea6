/** Reminders: when they are due, and what they cost until then. */
import { expect, test } from "vitest";

import { CAPABILITIES } from "./testing/transport-double.ts";
import { createMeshDouble } from "./testing/index.ts";
import { accountOf, chatDraft, ROOM, sha256 } from "./testing/rooms.ts";
import { say, stand, MINUTE_MS } from "./testing/judge-stand.ts";
import { remindersDue } from "./timers.ts";

test("thousands of reminders that are not due cost no hash each time that something happens", () => {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  const now = mesh.clock.wallMs();
  const timer = {
    kind: "timer.set",
    account: "fake/main",
    room: ROOM,
    thread: "",
    item: "",
    text: "tea",
    by: "x",
  } as const;
  for (let at = 0; at < 1_000; at++) {
    const due = now + (at % 2 === 0 ? MINUTE_MS : -48 * 60 * MINUTE_MS);
    mesh.write(chatDraft({ ...timer, timer: `t${String(at).padStart(6, "0")}`, due }));
  }
  let hashes = 0;
  const context = {
    view: mesh.view(),
    account: accountOf(),
    capabilities: CAPABILITIES,
    sha256: (bytes: Uint8Array): Uint8Array => {
      hashes++;
      return sha256(bytes);
    },
    project: () => ({}),
  };
  expect([remindersDue(now, context).length, hashes]).toEqual([0, 0]);
  expect(remindersDue(now + MINUTE_MS, context)).toHaveLength(500);
});

test("a reminder counts from when it was asked for, also when that came in late", () => {
  const of = stand();
  const now = of.mesh.clock.wallMs();
  const dueAfter = (ageMs: number): number => {
    const judgement = say(of, "remind 20m tea", {}, ageMs);
    const [effect] = judgement.type === "settle" ? (judgement.effects ?? []) : [];
    return effect?.kind === "timer.set" ? effect.due - now : Number.NaN;
  };
  expect([0, 5, 60, -30].map((minutes) => dueAfter(minutes * MINUTE_MS) / MINUTE_MS)).toEqual([20, 15, 0, 20]);
});
