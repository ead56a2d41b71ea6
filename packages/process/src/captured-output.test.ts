import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createCapturedOutput } from "./captured-output.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("output is cut exactly at the limit and digested as it was handed on", () => {
  const received: string[] = [];
  const output = createCapturedOutput(5, (chunk) => received.push(Buffer.from(chunk).toString()));
  output.take(Buffer.from("abc"));
  expect(output.overflowed()).toBe(false);
  output.take(Buffer.from("defg"));
  output.take(Buffer.from("more"));
  expect(output.overflowed()).toBe(true);
  expect(received).toEqual(["abc", "de"]);
  expect(output.finish()).toEqual({ outputBytes: 5, outputDigest: sha256("abcde") });
});

test("output of exactly the limit is not an overflow", () => {
  const output = createCapturedOutput(3, () => {});
  output.take(Buffer.from("abc"));
  expect(output.overflowed()).toBe(false);
  expect(output.finish()).toEqual({ outputBytes: 3, outputDigest: sha256("abc") });
});

test("a receiver that throws is kept for later and not called again", () => {
  let calls = 0;
  const output = createCapturedOutput(100, () => {
    calls += 1;
    throw new Error("full");
  });
  output.take(Buffer.from("a"));
  output.take(Buffer.from("b"));
  expect(calls).toBe(1);
  expect(output.failure()).toEqual({ cause: new Error("full") });
});
