import { expect, test } from "vitest";

import type { ExitCommand, StuckCause } from "./details.ts";
import { actionsAsWaysOut, wayOut } from "./way-out.ts";

const MINE = "aaaaaaaaaaaa";
const OTHER = "bbbbbbbbbbbb";

const out = (name: string, input: Readonly<Record<string, unknown>> = {}): ReturnType<typeof wayOut> =>
  wayOut({ command: { name, input } }, MINE);

test.each([
  ["item.hold", { release: true }, "release"],
  ["item.hold", { reason: "later" }, "hold"],
  ["item.restore", {}, "restore"],
  ["item.approve", {}, "approve"],
  ["item.reject", { note: "no" }, "reject"],
  ["item.move", { stage: "backlog" }, "shelve"],
])("%s of this item is its own action", (name, input, action) => {
  expect(out(name, { item: MINE, ...input })).toEqual({ type: "action", action });
});

test.each([
  ["item.start", { item: OTHER }, "Start “the other”"],
  ["item.restore", { item: OTHER }, "Restore “the other”"],
  ["item.edit", { item: MINE, labels: ["none"] }, "Drop the labels that ask for it"],
  ["item.edit", { item: MINE, dependsOn: ["none"] }, "Wait for it no longer"],
  ["item.edit", { item: OTHER, parent: "none" }, "Take the part out"],
  ["item.add", { title: "the other", start: true }, "Add “the other”"],
  ["mesh.unfreeze", {}, "Unfreeze the mesh"],
  ["queue.resume", {}, "Let the queue go on"],
  ["node.undrain", { node: OTHER }, "Let the node take work"],
])("%s %j asks first and then runs exactly that", (name, input, button) => {
  const way = out(name, input);
  expect(way).toMatchObject({ type: "ask", name, input });
  expect(way.type === "ask" ? way.words("the other").button : "").toBe(button);
});

test("an answer and an invitation have their places; the rest is a line, also what this page does not know", () => {
  expect(out("item.answer", { item: MINE, question: "q1" })).toEqual({ type: "answer" });
  expect(out("member.invite", { role: "agent" })).toEqual({ type: "invite" });
  expect(out("constructor", { item: OTHER })).toEqual({ type: "line" });
  expect(out("item.edit", { item: MINE, title: "x" })).toEqual({ type: "line" });
  expect(wayOut({ command: null }, MINE)).toEqual({ type: "line" });
});

test("an action stands beside its cause once; what is about another item is none of its actions", () => {
  const cause = (command: ExitCommand | null): StuckCause => ({ why: "so", since: 1, until: null, exit: "", command });
  const stuck = [
    cause({ name: "item.hold", input: { item: MINE, release: true } }),
    cause({ name: "item.approve", input: { item: MINE } }),
    cause({ name: "item.restore", input: { item: OTHER } }),
    cause(null),
  ];
  expect([...actionsAsWaysOut({ id: MINE, stuck })]).toEqual(["release", "approve"]);
});
