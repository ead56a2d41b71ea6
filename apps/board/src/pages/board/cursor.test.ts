import type { Stage } from "@skein/core";
import { expect, test } from "vitest";
import { type Cursor, stepFrom } from "./cursor.ts";
import type { Row } from "./rows.ts";
import { itemOf } from "../../testing/boards.ts";

const BOARD: Partial<Record<Stage, readonly string[]>> = {
  Backlog: ["#x", "a", "b", "c"],
  Qa: ["d", "+"],
  Done: ["e", "f"],
};

const rowsIn = (stage: Stage): readonly Row[] =>
  (BOARD[stage] ?? []).map((key): Row => {
    if (key.startsWith("#")) return { type: "group", key, title: key, count: 1 };
    return key === "+" ? { type: "more", key, count: 1 } : { type: "card", key, item: itemOf({ id: key }) };
  });

const step = (key: string, stage: Stage, direction: Parameters<typeof stepFrom>[1]): Cursor | undefined =>
  stepFrom({ key, stage }, direction, rowsIn);

test("without a card the first one is next, and on an empty board none", () => {
  expect(stepFrom(undefined, "up", rowsIn)).toEqual({ stage: "Backlog", key: "a" });
  expect(stepFrom(undefined, "down", () => [])).toBeUndefined();
});

test("up and down go from card to card, over heads of groups, and end at the ends", () => {
  expect(step("a", "Backlog", "down")).toEqual({ stage: "Backlog", key: "b" });
  expect(step("b", "Backlog", "up")).toEqual({ stage: "Backlog", key: "a" });
  expect(step("a", "Backlog", "up")).toBeUndefined();
  expect(step("d", "Qa", "down")).toBeUndefined();
});

test("left and right go to the next column that has cards, as far down as there are some", () => {
  expect(step("c", "Backlog", "right")).toEqual({ stage: "Qa", key: "d" });
  expect(step("d", "Qa", "right")).toEqual({ stage: "Done", key: "e" });
  expect(step("f", "Done", "left")).toEqual({ stage: "Qa", key: "d" });
  expect(step("e", "Done", "right")).toBeUndefined();
});

test("a card that has moved to another column is found there, and one that is gone is none", () => {
  expect(step("e", "Backlog", "down")).toEqual({ stage: "Done", key: "f" });
  expect(step("gone", "Done", "down")).toEqual({ stage: "Backlog", key: "a" });
});
