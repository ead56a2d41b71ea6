import { expect, test } from "vitest";

import { tickedParts } from "./ticked-parts.ts";

test("words and commands come by turns, and a backtick without a second one stays where it is", () => {
  expect(tickedParts("See `skein up` and `skein why`.")).toEqual(["See ", "skein up", " and ", "skein why", "."]);
  expect(tickedParts("`skein up`")).toEqual(["", "skein up", ""]);
  expect(tickedParts("plain")).toEqual(["plain"]);
  expect(tickedParts("it`s one")).toEqual(["it`s one"]);
  expect(tickedParts("`skein up` isn`t")).toEqual(["", "skein up", " isn`t"]);
});
