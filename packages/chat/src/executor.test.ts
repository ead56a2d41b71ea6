/** Commands carried out: each alone, judged when it is written, with an answer that an op can hold. */
import { plainText } from "@skein/core";
import { expect, test } from "vitest";

import { hear, ITEM, SETTLED_MS, settledAs, speakerOf, stand, textsOf } from "./testing/session-stand.ts";
import { commandId, eventOf } from "./testing/rooms.ts";

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a fault of this program while a command is carried out costs that command", async () => {
  for (const at of ["decide", "read"] as const) {
    const of = stand(["alice"]);
    await of.mesh.clock.pass(SETTLED_MS);
    const { desk } = speakerOf(of);
    const keep = desk[at];
    desk[at] = () => {
      throw new Error("a bug");
    };
    const bad = eventOf(at === "decide" ? "start #0123" : "list");
    await hear(of, bad);
    await of.mesh.clock.pass(2_000);
    expect(settledAs(of, bad)).toBe("refused");
    expect(textsOf(of)).toEqual(["Something went wrong with that in me. I did nothing."]);
    Object.assign(desk, { [at]: keep });
    const good = eventOf("start #0123");
    await hear(of, good);
    await of.mesh.clock.pass(2_000);
    expect(settledAs(of, good)).toBe("done");
  }
});

test("an item that moved between the click and the write is left alone", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { desk } = speakerOf(of);
  const best = (): string => of.mesh.view().items.get(ITEM)?.best?.id ?? "";
  const event = eventOf(`stop:${ITEM}:${best().slice(0, 16)}`, { type: "button" });
  await hear(of, eventOf("start #0123"));
  await of.mesh.clock.pass(2_000);
  const click = { ...event, text: `stop:${ITEM}:${best().slice(0, 16)}` };
  let isFirst = true;
  desk.beforeWrite = () => {
    // Another node's op gets in between.
    if (!isFirst || of.mesh.view().chat.waiting.size === 0) return;
    isFirst = false;
    of.mesh.write({ entity: ITEM, on: best(), body: { kind: "item.claim", ttl: 60_000 } });
  };
  await hear(of, click);
  await of.mesh.clock.pass(2_000);
  expect(isFirst).toBe(false);
  expect(settledAs(of, click)).toBe("refused");
  expect(plainText(of.mesh.view().chat.commands.get(commandId(click))?.settled?.reply ?? [])).toContain(
    "for how it stood before",
  );
});

test("a long list of anything becomes an answer that an op can hold", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { desk } = speakerOf(of);
  const long = "€".repeat(4_000);
  desk.read = () =>
    Promise.resolve({
      ok: true,
      value: Array.from({ length: 900 }, () => ({ name: long, role: "owner", alive: true })),
    });
  const event = eventOf("nodes");
  await hear(of, event);
  await of.mesh.clock.pass(5_000);
  expect(settledAs(of, event)).toBe("done");
  expect(of.platform.posted.length).toBeGreaterThan(0);
});

test("of a long log only the end is asked for, wherever it is", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { desk } = speakerOf(of);
  const whole = Array.from({ length: 200_000 }, (_, at) => `line ${at} of a long log\n`).join("");
  const offsets: number[] = [];
  desk.readLog = ({ item, offset }) => {
    offsets.push(offset);
    const text = whole.slice(offset, offset + 65_536);
    const nextOffset = offset + text.length;
    const chunk = { item, epoch: 1, node: "n", offset, text, nextOffset, end: whole.length, ended: true };
    return Promise.resolve({ ok: true, value: chunk });
  };
  await hear(of, eventOf("log #0123"));
  await of.mesh.clock.pass(3_000);
  expect(offsets.length).toBeLessThanOrEqual(2);
  expect(textsOf(of).join("\n")).toContain("line 199999 of a long log");
  expect(textsOf(of).join("\n").match(/^line/gm)).toHaveLength(20);
});
