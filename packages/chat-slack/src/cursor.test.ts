import { expect, test } from "vitest";

import { createCursor } from "./cursor.ts";

const cursorFrom = (initial?: string): { cursor: ReturnType<typeof createCursor>; told: string[] } => {
  const told: string[] = [];
  return { cursor: createCursor(initial, (to) => void told.push(to)), told };
};

test("it goes forward only, however late a message comes", () => {
  const { cursor, told } = cursorFrom("1700000001.000100");
  cursor.durable("1700000003.000100");
  cursor.durable("1700000002.000100");
  cursor.durable("1700000003.000200");
  expect(told).toEqual(["1700000003.000100", "1700000003.000200"]);
  expect(cursor.value()).toBe("1700000003.000200");
});

test("times are compared as numbers", () => {
  const { cursor, told } = cursorFrom("999999999.9");
  cursor.durable("1000000000.000001");
  cursor.durable("1000000000.000009");
  cursor.durable("1000000000.00001");
  expect(told).toEqual(["1000000000.000001", "1000000000.000009", "1000000000.00001"]);
});

test("it waits for a message that could not be made durable", () => {
  const { cursor, told } = cursorFrom();
  cursor.failed("1700000002.000100");
  cursor.durable("1700000001.000100");
  cursor.durable("1700000003.000100");
  expect(told).toEqual(["1700000001.000100"]);
  cursor.durable("1700000002.000100");
  expect(told).toEqual(["1700000001.000100", "1700000003.000100"]);
});

test("it stands still while it is held, by however many", () => {
  const { cursor, told } = cursorFrom();
  cursor.hold();
  cursor.hold();
  cursor.durable("1700000001.000100");
  cursor.release();
  expect(told).toEqual([]);
  cursor.release();
  expect(told).toEqual(["1700000001.000100"]);
});

test("what somebody else put in its place is no cursor", () => {
  expect(cursorFrom("s72594_4483_1934").cursor.value()).toBeUndefined();
});
