/** Unchecked input becomes a typed command or one sentence that names what is wrong. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { parseCommand } from "./parse.ts";
import { COMMANDS, commandSpec } from "./registry.ts";

const problem = (name: string, input: unknown): string => {
  const parsed = parseCommand(name, input);
  return parsed.ok ? "parsed" : `${parsed.error.code}: ${parsed.error.message}`;
};

const inputOf = (name: string, input: unknown): unknown => {
  const parsed = parseCommand(name, input);
  return parsed.ok ? parsed.value.command.input : parsed.error;
};

test("a command that does not exist is refused with the ones that do", () => {
  expect(problem("item.explode", {})).toContain(
    'unknown-command: There is no command "item.explode". There are: item.add,',
  );
  expect(problem("toString", {})).toContain("unknown-command");
  expect(problem("x".repeat(10_000), {}).length).toBeLessThan(1_000);
});

test("what is left out gets its default", () => {
  expect(inputOf("item.add", { title: " Paint it " })).toEqual({
    title: "Paint it",
    text: "",
    type: "story",
    priority: 5,
    labels: [],
    dependsOn: [],
    start: false,
  });
  expect(inputOf("item.hold", { item: "a" })).toEqual({ item: "a", reason: "on hold", release: false });
  expect(inputOf("digest", undefined)).toEqual({});
  expect(inputOf("digest", null)).toEqual({});
});

test("a key that is not known is refused by its name, in every command", () => {
  for (const { name } of COMMANDS) {
    expect([name, problem(name, { surprise: 1 })]).toEqual([name, expect.stringContaining("surprise")]);
  }
});

test.each<[string, unknown, string]>([
  ["item.add", {}, "item add: title"],
  ["item.add", { title: "" }, "title"],
  ["item.add", { title: "   " }, "title: may not be empty"],
  ["item.add", { title: "x".repeat(201) }, "title: has more than 200 characters"],
  ["item.add", { title: "t", text: 7 }, "text"],
  ["item.add", { title: "t", priority: 10 }, "priority"],
  ["item.add", { title: "t", priority: -1 }, "priority"],
  ["item.add", { title: "t", priority: 1.5 }, "priority"],
  ["item.add", { title: "t", priority: "high" }, "priority"],
  ["item.add", { title: "t", type: "epic" }, "type"],
  ["item.add", { title: "t", labels: ["ok", ""] }, "labels.1"],
  ["item.add", { title: "t", labels: "a" }, "labels"],
  ["item.add", { title: "t", start: "yes" }, "start"],
  ["item.show", {}, "item"],
  ["item.show", { item: "" }, "item"],
  ["item.show", { item: "0123456789abc" }, "item"],
  ["item.reject", { item: "a", note: "" }, "note"],
  ["item.archive", { item: "a", reason: "Bored" }, "reason"],
  ["member.invite", { role: "king" }, "role"],
  ["member.invite", { role: "agent", ttl: "0h" }, "ttl: a number and s, m, h or d, like 1h"],
  ["member.invite", { role: "agent", ttl: "1h30m" }, "ttl"],
  ["project.set", { name: "Demo!", remote: "r", base: "b", config: "" }, "name"],
])("%s with %o is refused naming the field", (name, input, where) => {
  expect(problem(name, input)).toContain("bad-input: ");
  expect(problem(name, input)).toContain(where);
});

test("input that is no object is refused", () => {
  for (const input of ["x", 7, [], true]) expect(problem("item.show", input)).toContain("bad-input");
});

test("a number may come as text from a command line, and minus zero is zero", () => {
  expect(inputOf("item.add", { title: "t", priority: "7" })).toMatchObject({ priority: 7 });
  for (const priority of ["-0", -0]) {
    const input = inputOf("item.add", { title: "t", priority });
    expect(Object.is((input as { priority: number }).priority, 0)).toBe(true);
  }
});

test("input at random never throws", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...COMMANDS.map((command) => command.name)),
      fc.anything({ withNullPrototype: true }),
      (name, input) => {
        expect(typeof parseCommand(name, input).ok).toBe("boolean");
      },
    ),
  );
});

test("names and words are distinct, positional fields exist, and every field is described", () => {
  expect(new Set(COMMANDS.map((command) => command.name)).size).toBe(COMMANDS.length);
  expect(new Set(COMMANDS.map((command) => command.words.join(" "))).size).toBe(COMMANDS.length);
  for (const { name, positional, input, summary } of COMMANDS) {
    expect(commandSpec(name)?.name).toBe(name);
    expect(summary).not.toBe("");
    for (const field of positional)
      expect([name, Object.keys(input.shape)]).toEqual([name, expect.arrayContaining([field])]);
  }
});
