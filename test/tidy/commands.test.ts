/** Every command that a document tells people to run exists: npm scripts, and `skein` commands with their options. */
import { Command } from "commander";
import { expect, test } from "vitest";

import { addBackupCommands } from "../../apps/skein/src/cli/backup-commands.ts";
import { addDemoCommand } from "../../apps/skein/src/cli/demo-command.ts";
import { addNodeCommands } from "../../apps/skein/src/cli/node-commands.ts";
import { addRegistryCommands } from "../../apps/skein/src/cli/registry-commands.ts";
import { addSimCommand } from "../../apps/skein/src/cli/sim-command.ts";
import { addUiCommand } from "../../apps/skein/src/cli/ui-command.ts";
import { addViewCommands } from "../../apps/skein/src/cli/view-commands.ts";
import { documents, manifestOf, read, workspaces } from "./sources.ts";

const program = new Command("skein").version("0", "-V, --version");
for (const add of [
  addNodeCommands,
  addDemoCommand,
  addBackupCommands,
  addSimCommand,
  addUiCommand,
  addViewCommands,
  addRegistryCommands,
])
  add(program);

/** What stands in code: spans and the lines of fenced blocks, one command each. */
function commandsIn(text: string): readonly string[] {
  const fences = [...text.matchAll(/^(`{3,})(\w*)[^\n]*\n([\s\S]*?)^\1\s*$/gm)];
  const lines = fences.filter(([, , language]) => language !== "text").flatMap(([, , , body = ""]) => body.split("\n"));
  const prose = text.replaceAll(/^(`{3,})[\s\S]*?^\1\s*$/gm, "");
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span.replaceAll(/\s+/g, " "));
  return [...lines, ...spans]
    .flatMap((line) => line.replace(/\s#.*$/, "").split(/\s*(?:&&|;)\s*/))
    .map((command) => command.trim().replace(/^\$ /, ""));
}

interface Mention {
  readonly from: string;
  readonly command: string;
}

const mentions: readonly Mention[] = documents().flatMap((from) =>
  commandsIn(read(from)).map((command) => ({ from, command })),
);

/** Why a `skein` command line is not one, or undefined. */
function problemOf(line: string): string | undefined {
  const words = line.replace(/^(?:npx )?skein\s*/, "").split(" ");
  let command = program;
  const rest = [...words];
  for (let word = rest[0]; word !== undefined; word = rest[0]) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
    rest.shift();
  }
  const [first] = rest;
  const isGroup = command.registeredArguments.length === 0 && command.commands.length > 0;
  if (command === program && first !== undefined && !first.startsWith("-")) return `there is no command ${first}`;
  if (isGroup && first !== undefined && /^[a-z]/.test(first)) return `${command.name()} has no command ${first}`;
  const flags = rest.flatMap((word) => /^\[?(--?[a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  const known = new Set(command.options.flatMap(({ long, short }) => [long, short]));
  const unknown = flags.find((flag) => !known.has(flag));
  return unknown === undefined ? undefined : `${command.name()} has no option ${unknown}`;
}

test("every skein command in a document exists, with its options", () => {
  const skein = mentions.filter(({ command }) => /^(?:npx )?skein [a-z-]/.test(command));
  expect(skein.length).toBeGreaterThan(40);
  const wrong = skein.flatMap(({ from, command }) => {
    const problem = problemOf(command);
    return problem === undefined ? [] : [`${from}: ${command}: ${problem}`];
  });
  expect(wrong).toEqual([]);
});

test("a command or option that does not exist is noticed", () => {
  expect(problemOf("npx skein item add TITLE --start")).toBeUndefined();
  expect(problemOf("skein members remove NAME")).toBeUndefined();
  expect(problemOf("skein fly")).toBe("there is no command fly");
  expect(problemOf("skein item fly")).toBe("item has no command fly");
  expect(problemOf("skein up --wings")).toBe("up has no option --wings");
});

test("every npm script in a document exists", () => {
  const scripts = mentions.flatMap(({ from, command }) => {
    const found = /^npm run (?:--silent )?([a-z:-]+)(?: -w (\S+))?/.exec(command);
    return found === null ? [] : [{ from, script: found[1] ?? "", workspace: found[2] }];
  });
  expect(scripts.length).toBeGreaterThan(5);
  const root = manifestOf(".");
  const all = workspaces().map(manifestOf);
  const wrong = scripts.filter(({ script, workspace }) => {
    const manifest = workspace === undefined ? root : all.find(({ name }) => name === workspace);
    return manifest?.scripts.has(script) !== true;
  });
  expect(wrong).toEqual([]);
});
