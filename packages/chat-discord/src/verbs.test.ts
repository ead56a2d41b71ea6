/** The slash command within Discord's limits, and what was chosen as text. */
import type { SlashVerb } from "@skein/chat";
import { expect, test } from "vitest";

import { commandText, describeCommand } from "./verbs.ts";

const verb = (name: string, more: Partial<SlashVerb> = {}): SlashVerb => ({
  name,
  summary: "Does",
  parameters: [],
  ...more,
});
const parameter = (name: string, required: boolean): SlashVerb["parameters"][number] => ({
  name,
  summary: "What",
  kind: "text",
  required,
});

test("of more than 25 verbs, 24 are subcommands, and one more takes the words of all others", () => {
  const verbs = Array.from({ length: 33 }, (_, n) => verb(`verb${n}`));
  const command = describeCommand("skein", verbs);
  expect(command.options.map(({ name }) => name)).toEqual([...verbs.slice(0, 24).map(({ name }) => name), "other"]);
  const words = { type: 3, name: "words", value: "verb30 7 because of this" };
  expect(commandText([{ type: 1, name: "other", options: [words] }], verbs)).toBe("verb30 7 because of this");
  expect(describeCommand("skein", verbs.slice(0, 25)).options).toHaveLength(25);
});

test("registered for all it says where it may be used, in one server it may not say so", () => {
  expect(describeCommand("skein", [verb("list")], true)).toMatchObject({ contexts: [0, 1], integration_types: [0] });
  expect(describeCommand("skein", [verb("list")])).not.toHaveProperty("contexts");
});

test("required parameters come first, summaries are never empty nor too long", () => {
  const command = describeCommand("skein", [
    verb("note", {
      summary: "",
      parameters: [parameter("a", false), { ...parameter("b", true), summary: "x".repeat(200) }],
    }),
  ]);
  const [note] = command.options;
  expect(note?.description).toBe("note");
  expect(note?.options?.map(({ name }) => name)).toEqual(["b", "a"]);
  expect(note?.options?.[0]?.description).toHaveLength(100);
});

test("a command that is too long in all gets shorter summaries", () => {
  const long = "x".repeat(100);
  const parameters = ["a", "b", "c", "d"].map((name) => ({ ...parameter(name, true), summary: long }));
  const verbs = Array.from({ length: 25 }, (_, n) => verb(`verb${n}`, { summary: long, parameters }));
  const command = describeCommand("skein", verbs);
  const texts = [...JSON.stringify(command).matchAll(/"(?:name|description)":"([^"]*)"/g)];
  const length = texts.reduce((sum, [, text = ""]) => sum + text.length, 0);
  expect(length).toBeLessThanOrEqual(8_000);
  expect(length).toBeGreaterThan(4_000);
  expect(command.options).toHaveLength(25);
});

test("a name that Discord refuses does not spoil the rest", () => {
  const { options } = describeCommand("skein", [verb("Übung!"), verb("list")]);
  expect(options.map(({ name }) => name)).toEqual(["list", "other"]);
});

test("what was chosen reads as it would have been written", () => {
  const verbs = [verb("note", { parameters: [parameter("item", true), parameter("text", true)] })];
  const option = (name: string, value: string): { type: number; name: string; value: string } => ({
    type: 3,
    name,
    value,
  });
  const chosen = (...options: readonly { type: number; name: string; value: string }[]): string =>
    commandText([{ type: 1, name: "note", options }], verbs);
  expect(chosen(option("text", "two words"), option("item", "#1"))).toBe("note #1 two words");
  expect(chosen(option("item", 'the "red" one'), option("text", "x"))).toBe(`note "the 'red' one" x`);
  expect(commandText([{ type: 1, name: "list" }], verbs)).toBe("list");
  expect(commandText([], verbs)).toBe("");
});
