/** The criteria of an item are a part of their own of what an agent hears; where there are none nothing is said of them. */
import { expect, test } from "vitest";

import { itemTold } from "./item-told.ts";

const told = (criteria: string): string =>
  itemTold({ registers: { title: { value: "Hello" }, text: { value: "Say it." }, criteria: { value: criteria } } });

test("an agent is told the title, the story, and then the criteria", () => {
  expect(told("- It is said.")).toBe("Hello\n\nSay it.\n\n## Acceptance criteria\n\n- It is said.\n");
});

test.each(["", " \n"])("criteria of %j are none", (criteria) => {
  expect(told(criteria)).toBe("Hello\n\nSay it.\n");
});
