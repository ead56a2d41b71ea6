/** One grammar for every room: what a line asks for, what it does not, and that nothing that people type makes it guess. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { type GrammarContext, parseLine, type Wanted } from "./grammar.ts";
import { parseCommand } from "./parse.ts";
import { commandSpec } from "./registry.ts";
import { usageOf, VERBS, verbOf } from "./verbs.ts";

const THREAD = "0123456789ab";
const ROOM: GrammarContext = { threadItem: undefined, itemByTitle: () => undefined };
const IN_THREAD: GrammarContext = { ...ROOM, threadItem: THREAD };
const TITLED: GrammarContext = {
  threadItem: undefined,
  itemByTitle: (title) => (title === "Say hello" ? "ffffffffffff" : undefined),
};

/** The verb and what it was given, or the problem. */
function said(line: string, context: GrammarContext = ROOM): unknown {
  const parsed = parseLine(line, context);
  return parsed.ok ? [parsed.value.verb.names[0], parsed.value.input] : parsed.error;
}

const messageOf = (line: string, context: GrammarContext = ROOM): string => {
  const parsed = parseLine(line, context);
  return parsed.ok ? "" : `${parsed.error.type}: ${parsed.error.message}`;
};

// ── what a line says ────────────────────────────────────────────────────────────────────────────────────────────────

test("a verb is known in any case, with any spaces around it", () => {
  expect(said("  START   #abc  ")).toEqual(["start", { item: "abc" }]);
  expect(said("start\n#abc")).toEqual(["start", { item: "abc" }]);
});

test("a story has its title in the first line and its text below, whatever stands there", () => {
  expect(said('new Say hello\nwith --start and "quotes"\n\n#abc')).toEqual([
    "new",
    { title: "Say hello", text: 'with --start and "quotes"\n\n#abc' },
  ]);
  expect(said('new --start --priority=7 "Say hello"')).toEqual([
    "new",
    { title: "Say hello", start: true, priority: "7" },
  ]);
});

test("flags and quotes are the same as a telephone writes them", () => {
  expect(said("new \u2014start Say hello")).toEqual(["new", { title: "Say hello", start: true }]);
  expect(said("new \u2013start \u201cSay hello\u201d")).toEqual(["new", { title: "Say hello", start: true }]);
  expect(said("new \u201eSag hallo\u201c")).toEqual(["new", { title: "Sag hallo" }]);
  expect(said('list \u2014stage="Backlog"')).toEqual(["list", { stage: "Backlog" }]);
  expect(said("archive #abc \u2014reason=Superseded")).toEqual(["archive", { item: "abc", reason: "Superseded" }]);
});

test("an item is an id, the beginning of one, or a title that only one item has", () => {
  expect(said("start abc")).toEqual(["start", { item: "abc" }]);
  expect(said("start #ABC")).toEqual(["start", { item: "abc" }]);
  expect(said('start "Say hello"', TITLED)).toEqual(["start", { item: "ffffffffffff" }]);
  expect(said("start \u201cSay hello\u201d", TITLED)).toEqual(["start", { item: "ffffffffffff" }]);
  expect(messageOf('start "Say goodbye"', TITLED)).toContain('usage: There is no item, or more than one, called "Say');
  expect(messageOf("start")).toContain("usage: Which item? Say it like this: start #id");
});

test("in a thread an item that is not named is the thread's, and only # names another", () => {
  expect(said("hold", IN_THREAD)).toEqual(["hold", { item: THREAD }]);
  expect(said("hold abc is not ready", IN_THREAD)).toEqual(["hold", { item: THREAD, reason: "abc is not ready" }]);
  expect(said("hold #abc is not ready", IN_THREAD)).toEqual(["hold", { item: "abc", reason: "is not ready" }]);
  expect(said("status", IN_THREAD)).toEqual(["status", { item: THREAD }]);
  expect(said("status")).toEqual(["status", {}]);
});

test("an id with something stuck to it is never taken for the thread's item", () => {
  for (const line of ["delete #abc, please", "delete #abc.", "hold #abcdefghijklmn", "note #abc: broken"]) {
    expect(messageOf(line, IN_THREAD)).toContain("an id stands alone");
    expect(messageOf(line)).toContain("an id stands alone");
  }
});

test("a reminder needs no item", () => {
  expect(said("remind 20m stand up")).toEqual(["remind", { after: "20m", text: "stand up" }]);
  expect(said("remind #abc 20m stand up")).toEqual(["remind", { item: "abc", after: "20m", text: "stand up" }]);
  expect(said("remind 20m", IN_THREAD)).toEqual(["remind", { item: THREAD, after: "20m" }]);
});

// ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────

test("a verb that is nearly one does nothing, and is answered with the nearest", () => {
  expect(messageOf("strat #abc")).toBe('no-verb: I do not know "strat". Did you mean start? I did nothing.');
  expect(messageOf("delet #abc")).toContain("Did you mean delete? I did nothing.");
  expect(messageOf("hello everybody")).toContain("no-verb: ");
  for (const line of ["", " ", "\n", "#abc", "--start", '"start" #abc', "constructor", "__proto__", "toString"]) {
    expect(messageOf(line)).toContain("no-verb: ");
  }
});

test("a verb in look-alike letters is none", () => {
  // Cyrillic е, Greek ο, full-width, a zero-width space inside, right-to-left override before.
  for (const verb of ["d\u0435lete", "st\u03bfp", "\uff44elete", "del\u200bete", "\u202edelete", "yes\u0301"]) {
    expect(messageOf(`${verb} #abc`)).toContain("no-verb: ");
  }
});

test("what is left over is not thrown away", () => {
  expect(messageOf("start #abc now")).toContain('usage: I do not know what to do with "now".');
  expect(messageOf("move #abc coding fast")).toContain('"fast"');
  expect(messageOf("whoami really")).toContain('"really"');
});

test("nothing is said twice, and a flag that needs a value has one", () => {
  expect(messageOf("start #abc --item=def")).toContain("usage: The item is there twice.");
  expect(messageOf("start --item=def", IN_THREAD)).toContain("The item is there twice.");
  expect(messageOf("new Say hello --title=Other")).toContain("The title is there twice.");
  expect(messageOf("bug Broken --type=story")).toContain("The type is there twice.");
  expect(messageOf("unhold #abc --release=false")).toContain("The release is there twice.");
  expect(messageOf("new Say hello --priority")).toContain("The priority has no value.");
  expect(said("list --all")).toEqual(["list", { all: true }]);
});

test("a field that the command does not have is refused by the command", () => {
  for (const line of ["new Say hello --__proto__=1", "new Say hello --constructor", "start #abc --force"]) {
    const parsed = parseLine(line, ROOM);
    const isRefused = !parsed.ok || parsed.value.type !== "command" || isBad(parsed.value);
    // A name with underscores is no flag: it stays in the title.
    expect(isRefused || said(line)).toEqual(line.includes("__") ? ["new", { title: "Say hello --__proto__=1" }] : true);
  }
});

const isBad = (wanted: Extract<Wanted, { type: "command" }>): boolean => !parseCommand(wanted.command, wanted.input).ok;

/** What was not in the line: a verb that nobody wrote, a needed field that is missing, a value from nowhere. */
function inventedBy({ verb, input }: Wanted, line: string, { threadItem }: GrammarContext): readonly string[] {
  const first = line.trim().split(/\s/u, 1)[0]?.toLowerCase() ?? "";
  const missing = verb.parameters.filter(({ field, required }) => required && typeof input[field] !== "string");
  const invented = Object.entries(input).filter(([field, value]) => {
    if (value === threadItem || value === "ffffffffffff" || field in (verb.fixed ?? {})) return false;
    const words = typeof value === "string" ? value.split(/\s+/u) : [];
    return !words.every((word) => line.toLowerCase().includes(word.toLowerCase()));
  });
  return [
    ...(verb.names.includes(first) ? [] : [first]),
    ...missing.map(({ field }) => field),
    ...invented.flat().map(String),
  ];
}

test("no line makes it throw, and what it takes is what was there", () => {
  const pieces = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      ...VERBS.flatMap(({ names }) => names),
      "#abc",
      "abc",
      '"Say hello"',
      "\u201c",
      "\u201d",
      '"',
      "--start",
      "\u2014item=x",
      "--title=",
      "\n",
      " ",
      "\u202e",
      "\ud83d",
      "\ufeff",
      "constructor",
      "__proto__",
    ),
  );
  const lines = fc.array(pieces, { maxLength: 8 }).map((all) => all.join(" "));
  const contexts = fc.constantFrom(ROOM, IN_THREAD, TITLED);
  fc.assert(
    fc.property(lines, contexts, (line, context) => {
      const parsed = parseLine(line, context);
      expect(parsed.ok || parsed.error.message !== "").toBe(true);
      expect(parsed.ok ? inventedBy(parsed.value, line, context) : []).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("a line of eight thousand characters is parsed without a thought", () => {
  for (const line of ["note #abc ", "new ", "\u2014 ", '"'].flatMap((of) => [
    `${of}${" --a".repeat(2_000)}`,
    `${of}${'"'.repeat(8_000)}`,
    `${of}${" ".repeat(8_000)}x`,
    `${of}${"\u201c".repeat(8_000)}`,
  ])) {
    expect(() => parseLine(line.slice(0, 8_000), IN_THREAD)).not.toThrow();
  }
});

// ── the verbs ───────────────────────────────────────────────────────────────────────────────────────────────────────

test("no name stands for two verbs", () => {
  const names = VERBS.flatMap((verb) => verb.names);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(verbOf(name)?.names).toContain(name);
  expect(names.every((name) => /^(?:[a-z]+|\?)$/.test(name))).toBe(true);
});

test.each(VERBS.filter(({ command }) => command !== null).map((verb) => [verb.names[0] ?? "", verb] as const))(
  "%s says a command that is there, with fields that it has",
  (_name, { command, parameters, fixed }) => {
    const spec = command === null ? undefined : commandSpec(command);
    const fields = Object.keys(spec?.input.shape ?? {});
    expect(spec).toBeDefined();
    expect(fields).toEqual(expect.arrayContaining(parameters.map(({ field }) => field)));
    expect(fields).toEqual(expect.arrayContaining(Object.keys(fixed ?? {})));
    const isStory = parameters.some(({ kind }) => kind === "line-and-text");
    expect(fields).toEqual(expect.arrayContaining(isStory ? ["text"] : []));
    // What the command cannot do without, the verb asks for.
    const needed = fields.filter((field) => spec?.input.shape[field]?.safeParse(undefined).success === false);
    expect([
      ...parameters.filter(({ required }) => required).map(({ field }) => field),
      ...Object.keys(fixed ?? {}),
    ]).toEqual(expect.arrayContaining(needed));
  },
);

test.each(VERBS.map((verb) => [usageOf(verb), verb] as const))("%s is how it is said", (usage, verb) => {
  const full = usage.replaceAll(/[[\]]/g, "").replaceAll("#id", "#abc").replaceAll("…", "");
  const least = usage
    .replaceAll(/\s*\[[^\]]*\]/g, "")
    .replaceAll("#id", "#abc")
    .replaceAll("…", "");
  for (const line of [full, least]) {
    const parsed = parseLine(line, ROOM);
    expect(parsed.ok && parsed.value.verb, line).toBe(verb);
    const said = verb.parameters.filter(({ required }) => required || line === full);
    expect(parsed.ok && Object.keys(parsed.value.input)).toEqual(
      expect.arrayContaining(said.map(({ field }) => field)),
    );
  }
});

test("only what a room may see and do has a verb: no keys, tickets, codes or members", () => {
  const reachable = new Set(VERBS.flatMap(({ command }) => command ?? []));
  const unreachable = [
    "people.pair",
    "people.role",
    "people.unpair",
    "member.invite",
    "member.remove",
    "member.rotate",
    "project.set",
    "projects",
    "checkpoint",
    "compact",
    "verify",
    "doctor.seen",
  ] as const;
  for (const name of unreachable) expect([name, reachable.has(name)]).toEqual([name, false]);
});

test("help shows the flags that only rooms have a use for", () => {
  const usages = ["status", "new", "start"].map((name) => VERBS.find(({ names }) => names[0] === name));
  expect(usages.map((verb) => (verb === undefined ? "" : usageOf(verb)))).toEqual([
    "status [#id] [--live]",
    "new title… [--start]",
    "start #id",
  ]);
});
