/** What somebody is told whose account has no secret: each reason wants something else. */
import { expect, test } from "vitest";

import { secretOf, whyNoSecret } from "./secrets.ts";

test("a secret that nobody named is to be named, and one that is misspelled is pointed at", () => {
  expect(whyNoSecret("accessToken", {}, "/data")).toBe(
    "Name an environment variable or a file for accessToken under secrets.",
  );
  expect(whyNoSecret("accessToken", { acessToken: { env: "X" } }, "/data")).toContain(
    "There is acessToken; is that misspelled?",
  );
});

test("a variable that is not set is named, with the start that it needs", () => {
  const says = whyNoSecret("accessToken", { accessToken: { env: "NOT_SET_ANYWHERE" } }, "/data");
  expect(says).toContain("NOT_SET_ANYWHERE is not set for this node: set it and start the node again");
});

test("a file that is not there is named where it was looked for, and is logged", () => {
  const logged: unknown[] = [];
  const source = { file: "no-such-token" };
  expect(secretOf(source, "/data", (...line) => void logged.push(line))).toBeUndefined();
  expect(logged).toHaveLength(1);
  expect(whyNoSecret("accessToken", { accessToken: source }, "/data")).toContain("/data/no-such-token");
});
