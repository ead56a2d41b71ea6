import { expect, test } from "vitest";
import type { DemoItem, DemoNode, HistoryEntry, Snapshot } from "./answers.ts";
import { type Look, nothingTold, tellNews } from "./events.ts";
import type { Line } from "./line.ts";

const node = (name: string): DemoNode => ({
  id: `key-${name}`,
  name,
  alive: true,
  linked: true,
  slots: 1,
  slotsFree: 1,
});

const item = (overrides: Partial<DemoItem> = {}): DemoItem => ({
  id: "one",
  title: "Say hello",
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

/** A history of `kind by name`, in order. */
const historyOf = (...steps: readonly (readonly [string, string, string?])[]): readonly HistoryEntry[] =>
  steps.map(([kind, name, note], index) => ({
    op: `op-${index}`,
    kind: `item.${kind}`,
    author: `key-${name}`,
    lamport: index,
    winning: true,
    epoch: index,
    ...(note === undefined ? {} : { note }),
  }));

function setupLook(history: readonly HistoryEntry[], overrides: Partial<DemoItem> = {}): Look {
  const snapshot: Snapshot = { items: [item(overrides)], nodes: [node("alice"), node("bob")] };
  return { snapshot, histories: new Map([["one", history]]) };
}

const textsOf = (lines: readonly Line[]): readonly string[] =>
  lines.map((line) => line.map(({ text }) => text).join(""));

const tell = (look: Look): readonly string[] => textsOf(tellNews(look, nothingTold).lines);

test("the whole way of a story is told in order, though it was seen only at the end", () => {
  const history = historyOf(["add", "alice"], ["start", "alice"], ["claim", "bob"], ["submit", "bob"], ["pass", "bob"]);
  const look = setupLook([...history, ...historyOf(["land", "bob"]).map((one) => ({ ...one, op: "l", lamport: 9 }))], {
    stage: "Done",
    mergeCommit: "0123456789abcdef",
  });
  expect(tell(look)).toEqual([
    "bob claimed Say hello, epoch 2",
    "bob committed Say hello, on to Qa",
    "gate green for Say hello, on to Merge",
    "bob landed Say hello as 01234567",
  ]);
});

test("what was told is not told again", () => {
  const first = tellNews(setupLook(historyOf(["claim", "bob"])), nothingTold);
  const second = tellNews(setupLook(historyOf(["claim", "bob"], ["submit", "bob"])), first.told);
  expect(textsOf(second.lines)).toEqual(["bob committed Say hello, on to Qa"]);
});

test("a claim on what another node held is a take-over, after a send-back it is not", () => {
  expect(tell(setupLook(historyOf(["claim", "bob"], ["claim", "alice"])))).toContain(
    "alice took over Say hello after bob went silent, epoch 1",
  );
  const sentBack = historyOf(
    ["claim", "bob"],
    ["submit", "bob"],
    ["sendBack", "bob", "Red. See logs."],
    ["claim", "alice"],
  );
  expect(tell(setupLook(sentBack)).slice(2)).toEqual(["sent back Say hello: Red.", "alice claimed Say hello, epoch 3"]);
});

test("a node that goes on with its own claim took nothing over", () => {
  expect(tell(setupLook(historyOf(["claim", "bob"], ["claim", "bob"])))).toEqual([
    "bob claimed Say hello, epoch 0",
    "bob claimed Say hello, epoch 1",
  ]);
});

test("attempts that lost are not told", () => {
  const history = historyOf(["claim", "bob"], ["claim", "alice"]).map((entry, index) => ({
    ...entry,
    winning: index === 1,
  }));
  expect(tell(setupLook(history))).toEqual(["alice claimed Say hello, epoch 1"]);
});

test("a landing that two nodes saw is told once", () => {
  const [land] = historyOf(["land", "bob"]);
  const first = tellNews(setupLook(land === undefined ? [] : [land]), nothingTold);
  const again = tellNews(setupLook(historyOf(["claim", "bob"], ["land", "alice"]).slice(1)), first.told);
  expect(again.lines).toEqual([]);
});

test("a lease that ran out is told once for each epoch", () => {
  const claim = { node: "key-bob", nodeName: "bob", epoch: 1, expired: true };
  const first = tellNews(setupLook([], { claim }), nothingTold);
  expect(textsOf(first.lines)).toEqual(["the lease of bob on Say hello ran out"]);
  expect(tellNews(setupLook([], { claim }), first.told).lines).toEqual([]);
  expect(tellNews(setupLook([], { claim: { ...claim, epoch: 2 } }), first.told).lines).toHaveLength(1);
});
