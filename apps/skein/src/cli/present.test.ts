/** Answers as a person reads them at a terminal. */
import { expect, test } from "vitest";

import { present } from "./present.ts";

const account = (name: string, trouble: string): Readonly<Record<string, string>> => ({
  account: name,
  state: "stopped",
  holder: "",
  trouble,
});

test("what is wrong with a chat account is told to its end, with what to do", () => {
  const long = `slack/main does not start: ${"because ".repeat(20)}so do this.`;
  const page = present("transports", [
    account("slack/main", long),
    account("node.yaml", "1:1: no."),
    account("a/b", ""),
  ]);
  expect(page.trimEnd().split("\n")).toEqual([
    "ACCOUNT     THIS NODE  SPEAKER",
    "slack/main  stopped",
    "node.yaml   stopped",
    "a/b         stopped",
    "",
    long,
    "",
    "node.yaml: 1:1: no.",
  ]);
});

test("without accounts it says that perhaps no node runs", () => {
  expect(present("transports", [])).toContain("or no node runs there");
});
