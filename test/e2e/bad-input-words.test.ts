/** Command lines that cannot be understood, and files that cannot be used: one sentence, exit code 2 or 1, nothing made. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { useWorld } from "../support/world.ts";
import { expectRefusal, type Expected, snapshot } from "./support/refusal.ts";

const world = useWorld();

interface Case extends Expected {
  readonly name: string;
  readonly args: readonly string[];
}

const usage = (name: string, args: readonly string[], ...says: readonly (string | RegExp)[]): Case => ({
  name,
  args,
  code: 2,
  says,
});

const CASES: readonly Case[] = [
  usage("an unknown command", ["frobnicate"], "unknown command 'frobnicate'", "--help"),
  usage("a mistyped command", ["bord"], "unknown command 'bord'", "Did you mean board?"),
  usage("a mistyped subcommand", ["item", "ad", "x"], "unknown command 'ad'", "Did you mean add?"),
  usage("an unknown flag", ["item", "add", "x", "--bogus"], "unknown option '--bogus'", "--help"),
  usage("a mistyped flag", ["item", "add", "x", "--strat"], "unknown option '--strat'", "Did you mean --start?"),
  usage("a missing argument", ["item", "add"], "missing required argument 'title'", "--help"),
  usage("one argument too many", ["item", "show", "a", "b"], /too many arguments/, "--help"),
  usage("a value that is no choice", ["item", "add", "x", "--type", "epic"], "Allowed choices are story, bug"),
  usage("a role that is none", ["invite", "--role", "king"], "Allowed choices are observer, agent, operator, owner"),
  usage("an invitation without a role", ["invite"], "'--role <role>' not specified", "--help"),
  usage("slots that are no number", ["up", "--slots", "many"], "A whole number from 0 is needed"),
  usage("a label without a value", ["up", "--label", "gpu"], "A label is key=value"),
  usage("a peer address that is none", ["up", "--listen", "nonsense"], "--listen takes HOST:PORT", '"nonsense"'),
  usage("a port beyond all ports", ["up", "--listen", "127.0.0.1:65536"], "--listen takes HOST:PORT", "127.0.0.1:4710"),
  usage("an HTTP address that is none", ["up", "--http", "4711"], "--http takes HOST:PORT", '"4711" is not one'),
  usage(
    "a rendezvous that is no node's address",
    ["up", "--rendezvous", "http://127.0.0.1:1", "--ticket", "skein1.x"],
    "--rendezvous takes a node's address like ws://",
  ),
  usage(
    "a story file that is not there",
    ["item", "add", "x", "--text", "no/such/file.md"],
    "cannot be read",
    "no such file",
  ),
  {
    name: "a garbage ticket",
    args: ["up", "--ticket", "garbage", "--rendezvous", "ws://127.0.0.1:1"],
    code: 1,
    says: ["The ticket is not good", "copy the line that `skein invite` printed"],
  },
  {
    name: "a ticket with a missing end",
    args: ["agent", "--ticket", "skein1.kJEgAAAA", "--rendezvous", "ws://127.0.0.1:1"],
    code: 1,
    says: ["the ticket is not complete", "copy the whole line"],
  },
  {
    name: "a node that was never made",
    args: ["up"],
    code: 1,
    says: ["There is no node in", "`skein init` makes a mesh there"],
  },
  {
    name: "a question to a node that was never made",
    args: ["item", "list"],
    code: 1,
    says: ["There is no node in", "`skein init`"],
  },
];

test.each(CASES)("$name is refused in one sentence, and nothing is made", async ({ args, code, says }) => {
  const place = world.directory("words");
  const before = snapshot(place);
  const data = args[0] === "frobnicate" || args[0] === "bord" ? [] : ["--data", join(place, "data")];
  expectRefusal(await world.skein([...args, ...data], { cwd: place }), { code, says });
  expect(snapshot(place)).toEqual(before);
});

test("with --json a refusal is also one object on standard output", async () => {
  const place = world.directory("json");
  const result = await world.skein(["item", "list", "--json", "--data", join(place, "data")]);
  expect(result.code).toBe(1);
  expect(result.json()).toEqual({ error: { code: "failed", message: expect.stringContaining("There is no node in") } });
  const misspelt = await world.skein(["item", "lst", "--json"]);
  expect(misspelt.code).toBe(2);
  expect(misspelt.json()).toMatchObject({ error: { code: "usage" } });
  // What the command itself finds wrong with the line is the same kind of refusal as what its parser does.
  const unread = await world.skein(["item", "add", "x", "--text", join(place, "none"), "--json"]);
  expect(unread.code).toBe(2);
  expect(unread.json()).toMatchObject({ error: { code: "usage" } });
});

test("a directory with somebody's files is not made a node, neither by init nor by joining", async () => {
  const place = world.directory("somebodys");
  writeFileSync(join(place, "letter.txt"), "dear\n");
  const before = snapshot(place);
  const says = [`${place} is not empty and holds no node`, "Choose another directory with --data"];
  expectRefusal(await world.skein(["init", "--data", place]), { code: 1, says });
  // Complete, though of no mesh: the directory is looked at before anybody is asked.
  await world.found("inviter");
  const { ticket } = (
    await world.skein(["invite", "--role", "agent", "--json", "--data", world.dataOf("inviter")])
  ).json<{ readonly ticket: string }>();
  const joining = ["up", "--data", place, "--ticket", ticket, "--rendezvous", "ws://127.0.0.1:1"];
  expectRefusal(await world.skein(joining), { code: 1, says });
  expect(snapshot(place)).toEqual(before);
});

test("a data directory that cannot be is refused before anything is made", async () => {
  const place = world.directory("below-a-file");
  writeFileSync(join(place, "file"), "");
  const data = join(place, "file", "data");
  const says = [`The data directory ${data} cannot be made`, "Choose another with --data"];
  expectRefusal(await world.skein(["init", "--data", data]), { code: 1, says });
  mkdirSync(join(place, "empty"));
  expect(snapshot(place).size).toBe(2);
});
