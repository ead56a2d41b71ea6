/**
 * A log that the disk damaged: put aside, what is whole kept, the rest fetched from peers, a new incarnation, an alarm until
 * a person has seen it. The other nodes notice nothing but a new feed.
 */
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { addItems } from "../support/bulk-items.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const IDLE = { slots: 0 } as const;

interface Health {
  readonly status: string;
  readonly reasons?: readonly string[];
}

const healthOf = async (node: NodeProcess): Promise<{ readonly code: number; readonly body: Health }> => {
  const answer = await fetch(`${node.endpoints.http}/healthz`);
  return { code: answer.status, body: (await answer.json()) as Health };
};

const logOf = (name: string): string => join(world.dataOf(name), "log.sqlite");

/** One bit wherever this text is: SQLite may have left a copy in the unused part of a page. */
function flipNear(name: string, text: string): void {
  const bytes = readFileSync(logOf(name));
  expect(bytes.includes(text)).toBe(true);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at)) bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(logOf(name), bytes, { flag: "r+" });
}

async function pairWithItems(tag: string): Promise<readonly [NodeProcess, NodeProcess]> {
  const [alice, bob] = await startMesh(world, { names: [`alice-${tag}`, `bob-${tag}`], each: () => IDLE });
  for (const number of [1, 2, 3, 4, 5]) await bob.api.addItem({ title: `Bob's ${number}` });
  await alice.api.addItem({ title: "Alice's" });
  await waitForEqualDigests([alice, bob]);
  return [alice, bob];
}

const startAgain = (bob: NodeProcess, alice: NodeProcess): Promise<NodeProcess> =>
  world.start(bob.name, { ...IDLE, rendezvous: [alice.endpoints.peer] });

test.each([
  ["flipped", "lost a bit in the middle", (name: string) => flipNear(name, "Bob's 3")],
  ["cut", "lost its end", (name: string) => truncateSync(logOf(name), 8_192)],
  ["emptied", "is empty", (name: string) => truncateSync(logOf(name), 0)],
  ["removed", "is gone", (name: string) => rmSync(logOf(name))],
  ["overwritten", "is something else", (name: string) => writeFileSync(logOf(name), "Dear diary,\n".repeat(900))],
])("%s: a log that %s is repaired and comes back whole from a peer", async (tag, _, damage) => {
  const [alice, stopped] = await pairWithItems(tag);
  await stopped.stop();
  const before = await alice.api.digest();
  damage(stopped.name);
  const damaged = tag === "removed" ? undefined : readFileSync(logOf(stopped.name));

  const bob = await startAgain(stopped, alice);
  await waitForEqualDigests([alice, bob]);
  // Nothing was told to anybody: alice means and holds what she did.
  expect(await alice.api.digest()).toEqual(before);
  const [aside = ""] = readdirSync(join(bob.data, "quarantine"));
  const kept = join(bob.data, "quarantine", aside, "damaged");
  const putAside = readdirSync(kept).map((name) => readFileSync(join(kept, name)));
  expect(putAside).toEqual(damaged === undefined ? [] : [damaged]);

  // It goes on under a new incarnation: what it writes can meet nothing that it wrote before.
  await bob.api.addItem({ title: "After" });
  await waitForEqualDigests([alice, bob]);
  const heads = Object.keys((await alice.api.digest()).heads);
  expect(heads).toHaveLength(Object.keys(before.heads).length + 1);
  await expectSoundLogs([alice, bob]);

  const { code, body } = await healthOf(bob);
  expect({ code, status: body.status }).toEqual({ code: 200, status: "alarm" });
  expect(body.reasons).toEqual([expect.stringMatching(/^The log of this node was damaged \(.+\) and was put into /)]);
  const doctor = await world.skein(["doctor", "--data", bob.data]);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(/^BAD {2}alarm: The log of this node was damaged/m);
  expect((await healthOf(alice)).body).toEqual({ status: "ok" });
});

test("the alarm outlives restarts and ends when a person says so", async () => {
  await world.found("told");
  flipNear("told", "mesh.genesis");
  expect(await (await world.start("told", IDLE)).stop()).toMatchObject({ code: 0 });
  const node = await world.start("told", IDLE);
  expect((await healthOf(node)).body.status).toBe("alarm");
  const seen = await world.skein(["doctor", "seen", "--data", node.data, "--json"]);
  expect(seen.json()).toEqual({ seen: 1 });
  expect((await healthOf(node)).body).toEqual({ status: "ok" });
  await node.stop();
  const last = await world.start("told", IDLE);
  expect((await healthOf(last)).body).toEqual({ status: "ok" });
});

test("without peers it says how many frames could not be read, and works on with the others", async () => {
  await world.found("alone");
  for (const title of ["one", "two", "three", "four"]) {
    expect((await world.skein(["item", "add", title, "--data", world.dataOf("alone")])).code).toBe(0);
  }
  flipNear("alone", "three");
  // Other commands say what is wrong and change nothing.
  const before = readFileSync(logOf("alone"));
  const refused = await world.skein(["item", "add", "five", "--data", world.dataOf("alone")]);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/log\.sqlite is damaged .*`skein up` puts it aside/),
  });
  expect(readFileSync(logOf("alone")).equals(before)).toBe(true);

  const node = await world.start("alone", IDLE);
  // The fourth was built on the third.
  expect((await healthOf(node)).body.reasons).toEqual([
    expect.stringContaining("3 frames were whole and are kept, 2 could not be read"),
  ]);
  expect((await node.api.items()).map((item) => item.title).toSorted()).toEqual(["one", "two"]);
  await node.api.addItem({ title: "five" });
  await expectSoundLogs([node]);
  expect(Object.values((await node.api.digest()).heads).toSorted((a, b) => a - b)).toEqual([1, 3]);
});

test("a key with a flipped bit is refused, not taken for another node's", async () => {
  await world.found("key");
  const file = join(world.dataOf("key"), "node.key");
  const text = readFileSync(file, "latin1");
  writeFileSync(file, `${text[0] === "1" ? "0" : "1"}${text.slice(1)}`);
  const refused = await world.skein(["up", "--data", world.dataOf("key"), "--listen", "127.0.0.1:0"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("node.key is damaged") });
});

test("damage met while running ends the node with one sentence, and the next start repairs it", async () => {
  await world.found("running");
  const node = await world.start("running", IDLE);
  // More than SQLite keeps in memory, so that reading it all reads the disk.
  await addItems(
    node.api,
    Array.from({ length: 1_300 }, (_, number) => ({ title: `Item ${number}`, text: "x".repeat(16_000) })),
  );
  flipNear("running", "Item 7");
  await node.api.tryCommand("verify").catch(() => undefined);
  expect(await node.exited).toEqual({ code: 1, signal: null });
  expect(node.output()).toMatch(
    /^skein: The log cannot be used any more: .*log\.sqlite is damaged; start the node again/m,
  );

  const again = await world.start("running", IDLE);
  await waitFor("the alarm", async () => (await healthOf(again)).body.status === "alarm");
  await expectSoundLogs([again]);
});
