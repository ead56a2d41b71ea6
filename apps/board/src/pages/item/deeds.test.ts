import { expect, test } from "vitest";

import { outcomeOf, whatOf } from "./deeds.ts";

test("a start promises an agent only where somebody takes the item", () => {
  expect(whatOf("start", { hold: "" }, 0)).toContain("next in line claims it");
  for (const [hold, missing, against] of [
    ["until Monday", 0, ["until the hold ends"]],
    ["", 1, ["until that one has landed"]],
    ["until Monday", 2, ["until the hold ends", "until they have landed"]],
  ] as const) {
    for (const name of ["start", "retry"] as const) {
      const said = whatOf(name, { hold }, missing);
      expect(said).not.toMatch(/next in line|runs again/u);
      for (const words of against) expect(said).toContain(words);
    }
  }
  expect(whatOf("delete", { hold: "until Monday" }, 2)).toContain("tombstone");
});

const made = { epoch: 3, branch: "skein/item1/3", tip: "aa" };

test.each([
  ["what a person looks at waits", { epoch: 3, outcome: "released", branch: "skein/item1/3" }, true, "waiting"],
  ["one before it was handed in", { epoch: 1, outcome: "released", branch: "skein/item1/1" }, true, "handed-in"],
  ["what was approved was handed in", { epoch: 3, outcome: "released", branch: "skein/item1/3" }, false, "handed-in"],
  ["without a branch it was given back", { epoch: 2, outcome: "released", branch: null }, true, "released"],
  ["any other end is as it is", { epoch: 3, outcome: "sent-back", branch: "skein/item1/3" }, true, "sent-back"],
])("%s", (_, attempt, awaitsPerson, shown) => {
  expect(outcomeOf(attempt, { awaitsPerson, made })).toBe(shown);
});
