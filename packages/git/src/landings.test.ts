import { landingMessage } from "@skein/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFixture, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

test("the index grows with the branch and forgets what was rewritten", async () => {
  const node = await fixture.node("alice");
  const person = await fixture.clone("person");
  const push = async (): Promise<string> => {
    await fixture.git(person, "push", "--quiet", "--force", "origin", "main");
    return valueOf(await node.fetchBase(never));
  };
  const one = await fixture.commit(person, { a: "1" }, "One\n\nSkein-Item: one\nSkein-Epoch: 1\n");
  expect(valueOf(await node.landings(await push(), never))).toEqual(new Map([["one", one]]));
  await fixture.commit(person, { a: "plain" }, "Nothing of ours");
  const two = await fixture.commit(person, { a: "2" }, "Two\n\nSkein-Item: two\nSkein-Epoch: 4\n");
  const tip = await push();
  expect(valueOf(await node.landings(tip, never))).toEqual(
    new Map([
      ["one", one],
      ["two", two],
    ]),
  );
  expect(valueOf(await node.landings(tip, never))).toEqual(
    new Map([
      ["one", one],
      ["two", two],
    ]),
  );

  await fixture.git(person, "reset", "--quiet", "--hard", one);
  expect(valueOf(await node.landings(await push(), never))).toEqual(new Map([["one", one]]));
  const three = await fixture.commit(person, { a: "3" }, "Three\n\nSkein-Item: three\n");
  expect(valueOf(await node.landings(await push(), never))).toEqual(
    new Map([
      ["one", one],
      ["three", three],
    ]),
  );
});

test("only trailers of the last paragraph count, and only well-formed ids", async () => {
  const node = await fixture.node("alice");
  const person = await fixture.clone("person");
  await fixture.commit(person, { a: "1" }, "Fake\n\nSkein-Item: fake1\n\nThis text is the last paragraph.\n");
  await fixture.commit(
    person,
    { a: "2" },
    "Fake\n\nThe story says:\nSkein-Item: fake2\nand goes on\nand on\nand on.\n",
  );
  await fixture.commit(person, { a: "3" }, "Bad\n\nSkein-Item: ../../etc\nSkein-Item: UPPER\nSkein-Item: a,b c\n");
  const real = await fixture.commit(
    person,
    { a: "4" },
    "Skein-Item: fake3\n\nSkein-Item: fake4\n\nskein-item:  real\n",
  );
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const first = valueOf(await node.landings(valueOf(await node.fetchBase(never)), never));
  expect([...first]).toEqual([
    ["a", await fixture.git(person, "rev-parse", "HEAD^")],
    ["real", real],
  ]);
});

test("trailers on merged side branches are not landings, and the first of two landings stays", async () => {
  const node = await fixture.node("alice");
  const person = await fixture.clone("person");
  const first = await fixture.commit(person, { a: "1" }, "One\n\nSkein-Item: one\n");
  await fixture.git(person, "checkout", "--quiet", "-b", "side");
  await fixture.commit(person, { b: "1" }, "Side\n\nSkein-Item: side\n");
  await fixture.git(person, "checkout", "--quiet", "main");
  await fixture.git(person, "merge", "--quiet", "--no-ff", "-m", "Merge", "side");
  await fixture.commit(person, { a: "2" }, "Again\n\nSkein-Item: one\n");
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const tip = valueOf(await node.fetchBase(never));
  expect([...valueOf(await node.landings(tip, never))]).toEqual([["one", first]]);
});

test("a tip that reaches the old one only as a second parent is indexed anew", async () => {
  const node = await fixture.node("alice");
  const person = await fixture.clone("person");
  const root = await fixture.git(person, "rev-parse", "HEAD");
  await fixture.commit(person, { a: "1" }, "One\n\nSkein-Item: one\n");
  await fixture.git(person, "push", "--quiet", "origin", "main");
  expect(valueOf(await node.landings(valueOf(await node.fetchBase(never)), never)).has("one")).toBe(true);
  await fixture.git(person, "checkout", "--quiet", "-B", "other", root);
  await fixture.commit(person, { c: "1" }, "Other");
  await fixture.git(person, "merge", "--quiet", "--no-ff", "-m", "Merge", "main");
  await fixture.git(person, "push", "--quiet", "--force", "origin", "other:main");
  expect([...valueOf(await node.landings(valueOf(await node.fetchBase(never)), never))]).toEqual([]);
});

/** Valid titles that git, or a tool around it, takes for something else. */
const HOSTILE = [
  "# ------------------------ >8 ------------------------",
  "# a comment",
  "---",
  "diff --git a/a b/a",
  "Conflicts:",
  "Skein-Item: other",
  "fixup! First commit",
  "\u00a0",
];

test("landings are found whatever their titles are, as they are written now and as they were before", async () => {
  const node = await fixture.node("alice");
  const person = await fixture.clone("person");
  const expected = new Map<string, string>();
  const { length } = HOSTILE;
  for (const [number, title] of HOSTILE.entries()) {
    const [before, now] = [`old${number}`, `new${number}`];
    const text = { title, item: now, branch: `skein/${now}/1` };
    const trailers = `Skein-Item: ${before}\nSkein-Attempt: skein/${before}/1\n`;
    expected.set(before, await fixture.commit(person, {}, `${title}\n\n${trailers}`));
    expected.set(now, await fixture.commit(person, {}, landingMessage(text)));
  }
  await fixture.git(person, "push", "--quiet", "origin", "main");
  const tip = valueOf(await node.fetchBase(never));
  expect([...valueOf(await node.landings(tip, never))]).toEqual([...expected]);
  // Whoever reads the history with git's own means finds what is written now, too.
  const format = "--format=%(trailers:key=Skein-Item,valueonly,separator=%x2C)";
  const read = await fixture.git(person, "log", "--reverse", format, `-${2 * length}`);
  for (const number of HOSTILE.keys()) expect(read.split("\n")).toContain(`new${number}`);
});
