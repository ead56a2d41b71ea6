/** node.yaml: what it may say, and what is refused with a place and a sentence. */
import { expect, test } from "vitest";

import { parseNodeConfig } from "./node-config.ts";

const problemOf = (text: string): string => {
  const parsed = parseNodeConfig(text, "node.yaml");
  return parsed.ok ? "none" : parsed.error.message;
};

test("an account gets the defaults that keep strangers out", () => {
  const parsed = parseNodeConfig("transports: [{ kind: matrix, rooms: [{ id: '!a:b' }] }]", "node.yaml");
  expect(parsed.ok && parsed.value.transports).toEqual([
    {
      kind: "matrix",
      name: "main",
      enabled: true,
      pin: "",
      prefixes: ["!skein"],
      rooms: [{ id: "!a:b", role: "operator", guests: "none", notices: "stages" }],
      roles: {},
      fourEyes: [],
      settings: {},
      secrets: {},
    },
  ]);
});

test("an empty file has no accounts", () => {
  expect(parseNodeConfig("", "node.yaml")).toEqual({ ok: true, value: { transports: [] } });
});

test("a secret is named by a variable or a file, whatever the key is called", () => {
  const text = "transports: [{ kind: slack, secrets: { botToken: { env: SLACK }, signingSecret: { file: s.txt } } }]";
  const parsed = parseNodeConfig(text, "node.yaml");
  expect(parsed.ok && parsed.value.transports[0]?.secrets).toEqual({
    botToken: { env: "SLACK" },
    signingSecret: { file: "s.txt" },
  });
});

test.each([
  ["a secret itself", "transports: [{ kind: slack, secrets: { botToken: xoxb-1234567890-abcdefghij } }]"],
  ["a secret among the settings", "transports: [{ kind: slack, settings: { x: xoxb-1234567890-abcdefghij } }]"],
])("%s is refused and not repeated", (_what, text) => {
  const problem = problemOf(text);
  expect(problem).toContain("node.yaml:1:");
  expect(problem).not.toContain("xoxb");
});

test.each([
  ["transports: [{ kind: MATRIX }]", "must be a kind like matrix"],
  ["transports: [{ kind: matrix, nmae: x }]", "nmae"],
  ["transports: [{ kind: matrix }, { kind: matrix }]", "is there twice"],
  ["transports: [{ kind: matrix, rooms: [{ id: a, role: king }] }]", "rooms[0].role"],
  ["transports: 7", "transports"],
  ["- a", "node.yaml:1:"],
  ["transports: [{ kind: matrix, secrets: { t: { env: 'A B' } } }]", "secrets"],
])("%s is refused at its place", (text, words) => {
  expect(problemOf(text)).toContain(words);
});
