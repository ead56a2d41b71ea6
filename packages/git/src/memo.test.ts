/** What is asked again is answered without work, failures are not, and no more is kept than was said. */
import { err, ok } from "@skein/core";
import { expect, test } from "vitest";

import { remembered } from "./memo.ts";

const { signal } = new AbortController();

test("an answer is worked out once, and the oldest one is forgotten", async () => {
  const asked: string[] = [];
  const ask = remembered<string, string, never>(
    2,
    (question) => question,
    async (question) => {
      asked.push(question);
      return ok(question.toUpperCase());
    },
  );
  for (const question of ["a", "b", "a", "c", "a", "b"]) {
    expect(await ask(question, signal)).toEqual(ok(question.toUpperCase()));
  }
  expect(asked).toEqual(["a", "b", "c", "b"]);
});

test("a failure is tried again", async () => {
  const answers = [err("the disk is full"), ok("done")];
  const ask = remembered<string, string, string>(
    2,
    (question) => question,
    async () => answers.shift() ?? err("asked too often"),
  );
  expect(await ask("a", signal)).toEqual(err("the disk is full"));
  expect(await ask("a", signal)).toEqual(ok("done"));
  expect(await ask("a", signal)).toEqual(ok("done"));
});
