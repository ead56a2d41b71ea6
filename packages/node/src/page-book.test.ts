/** Which pages of other nodes a node sends browsers to. */
import { expect, test } from "vitest";

import { createPageBook, isPageForOthers } from "./page-book.ts";

test.each([
  "https://board.example",
  "https://board.example:4711",
  "http://192.0.2.7:4711",
  "http://10.0.0.1:4711",
  "https://[2001:db8::1]:4711",
])("%s may be told to other machines", (origin) => {
  expect(isPageForOthers(origin)).toBe(true);
});

test.each([
  "",
  "http://127.0.0.1:4711",
  "http://127.1:4711",
  "http://2130706433",
  "http://0x7f000001:4711",
  "http://localhost:4711",
  "http://localhost.:4711",
  "http://board.localhost.:4711",
  "http://board.localhost:4711",
  "https://[::1]:4711",
  "https://[::ffff:127.0.0.1]:4711",
  "http://0.0.0.0:4711",
  "http://0:4711",
  "https://[::]:4711",
  "http://169.254.169.254",
  "https://[fe80::1]:4711",
  "http://224.0.0.1",
  "https://board.example:443",
  "https://board.example:99999",
  "https://board.example/page",
  "https://user@board.example",
  "wss://board.example",
  "javascript:alert(1)",
])("%s means nothing on another machine, whoever tells it", (origin) => {
  expect(isPageForOthers(origin)).toBe(false);
});

test("a neighbour's page counts where its beats tell none, and no beat tells of a page on the loopback interface", () => {
  const heard = new Map(
    Object.entries({ ada: "https://a.example", bob: "", eve: "http://127.0.0.1:22" }).map(
      ([member, page]) => [member, { beat: { page } }] as const,
    ),
  );
  const near = new Map([
    ["ada", "http://127.0.0.1:1"],
    ["bob", "http://127.0.0.1:2"],
  ]);
  const pageOf = createPageBook({ presence: { heard: () => heard }, nearPages: () => near });
  expect(["ada", "bob", "eve", "nobody"].map(pageOf)).toEqual(["https://a.example", "http://127.0.0.1:2", "", ""]);
});
