import { expect, test } from "vitest";
import type { DemoItem, DemoNode } from "./answers.ts";
import { lengthOf, type Line, plain } from "./line.ts";
import { drawView, type Size, type ViewState } from "./live-view.ts";

const item = (title: string, overrides: Partial<DemoItem> = {}): DemoItem => ({
  id: title,
  title,
  stage: "Coding",
  epoch: 1,
  attempts: 0,
  claim: null,
  mergeCommit: null,
  activity: "",
  note: "",
  updatedAt: 0,
  ...overrides,
});

const node = (name: string, overrides: Partial<DemoNode> = {}): DemoNode => ({
  id: `key-${name}`,
  name,
  alive: true,
  linked: true,
  slots: 1,
  slotsFree: 1,
  ...overrides,
});

const heldBy = (name: string, epoch = 1, expired = false): DemoItem["claim"] => ({
  node: `key-${name}`,
  nodeName: name,
  epoch,
  expired,
});

function setupState(overrides: Partial<ViewState> = {}): ViewState {
  return {
    elapsedMs: 4_200,
    snapshot: {
      items: [
        item("Say good-bye", { claim: heldBy("bob", 3), stage: "Qa", activity: "gate: node --test" }),
        item("Show debts", { stage: "Done", mergeCommit: "0123456789abcdef" }),
        item("Keep accents", { attempts: 1 }),
      ],
      nodes: [node("alice"), node("bob"), node("carol", { alive: false })],
    },
    gone: new Set(),
    events: [{ atMs: 900, line: [plain("bob claimed Say good-bye")] }],
    ...overrides,
  };
}

const textOf = (line: Line): string =>
  line
    .map(({ text }) => text)
    .join("")
    .trimEnd();

const draw = (state: ViewState, size: Size = { columns: 80, rows: 30 }): readonly string[] =>
  drawView(state, size).map(textOf);

test("a narrow terminal shows every story on one line with a short track", () => {
  expect(draw(setupState())).toEqual([
    "  Skein demo  4.2 s  1 of 3 Done",
    "",
    "  Say good-bye              ●━●━◒─○─○ · Qa       bob #3   gate: node --test",
    "  Show debts                ●━●━●━●━✔ · Done              merged as 01234567",
    "  Keep accents              ●━◉─○─○─○ · Coding            sent back",
    "",
    "  ● alice   □  idle",
    "  ● bob     ■  works on Say good-bye",
    "  ○ carol   □  idle",
    "",
    "   0.9 s  bob claimed Say good-bye",
    ...Array.from({ length: 7 }, () => ""),
  ]);
});

test("a wide terminal shows the stages by name above their marks", () => {
  const [, , names = "", first = ""] = draw(setupState(), { columns: 120, rows: 30 });
  expect(names.trim()).toBe("Backlog  Coding   Qa       Merge    Done     Archived");
  for (const stage of ["Backlog", "Coding", "Qa", "Merge", "Done", "Archived"]) {
    expect("●◒○·").toContain(first[names.indexOf(stage)]);
  }
  expect(first.indexOf("◒")).toBe(names.indexOf("Qa"));
});

test("a node that was killed is marked at once, and what it held shows no sign of life", () => {
  const lines = draw(setupState({ gone: new Set(["bob"]) }));
  expect(lines).toContain("  ✘ bob     killed");
  expect(lines[2]).toContain("no sign of life");
});

test("a lease that ran out is marked on the track", () => {
  const { snapshot } = setupState();
  const items = [item("Say good-bye", { claim: heldBy("bob", 1, true) })];
  expect(draw(setupState({ snapshot: { ...snapshot, items } }))[2]).toBe(
    "  Say good-bye              ●━◌─○─○─○ · Coding   bob #1   lease ran out",
  );
});

test("the picture has the same height whatever happened, and the newest events", () => {
  const events = Array.from({ length: 50 }, (_, index) => ({ atMs: 0, line: [plain(`event ${index}`)] }));
  const lines = draw(setupState({ events }));
  expect(lines).toHaveLength(draw(setupState({ events: [] })).length);
  expect(lines.at(-1)).toContain("event 49");
});

test("the picture is never higher than the terminal", () => {
  for (let rows = 2; rows < 30; rows++) {
    expect(drawView(setupState(), { columns: 80, rows }).length).toBeLessThan(rows);
  }
});

test("the track keeps its place in a terminal of any width", () => {
  for (const columns of [40, 60, 80, 111, 112, 200]) {
    const lines = drawView(setupState(), { columns, rows: 30 }).map(textOf);
    const marks = lines.filter((line) => line.includes("●━")).map((line) => line.indexOf("●"));
    expect(new Set(marks).size).toBe(1);
  }
  expect(lengthOf(drawView(setupState(), { columns: 40, rows: 30 })[2] ?? [])).toBeGreaterThan(0);
});
