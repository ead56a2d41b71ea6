/**
 * A backup that was made while the node worked, a thousand ops later, is restored: nothing is lost, nothing forks, and the
 * node that comes back is a new incarnation, whether it meets its peers at once or only later.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { addItems } from "../support/bulk-items.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const LATER_OPS = 1_000;

const titles = (what: string, count: number): readonly { readonly title: string }[] =>
  Array.from({ length: count }, (_, index) => ({ title: `${what} ${index}` }));

const ownFeeds = (heads: Readonly<Record<string, number>>, key: string): ReadonlyMap<string, number> =>
  new Map(Object.entries(heads).filter(([feed]) => feed.startsWith(`${key}/`)));

interface Lost {
  readonly bob: NodeProcess;
  /** Alice's public key, and where her feed ended when her disk was lost. */
  readonly key: string;
  readonly head: number;
  readonly restored: string;
}

/** Alice is backed up in the middle of her work, writes a thousand ops more that bob has, and loses her disk. */
async function loseDisk(suffix: string): Promise<Lost> {
  const names = [`alice-${suffix}`, `bob-${suffix}`] as const;
  const [alice, bob] = await startMesh(world, { names, each: () => ({ slots: 0 }) });
  const file = join(world.directory("backups"), `${suffix}.backup`);
  const passphrase = join(world.directory("backups"), `${suffix}.passphrase`);
  writeFileSync(passphrase, "correct horse battery\n");
  const writing = addItems(alice.api, titles("Before", 200));
  const flags = ["--with-key", "--passphrase-file", passphrase, "--json"];
  const made = await world.skein(["backup", file, "--data", alice.data, ...flags]);
  expect(made).toMatchObject({ code: 0 });
  expect(made.json<{ readonly ops: number }>().ops).toBeLessThan(300);
  await writing;
  expect(readdirSync(join(alice.data, "snapshots"))).toEqual([]);
  await addItems(alice.api, titles("After", LATER_OPS));
  await waitForEqualDigests([alice, bob]);
  const { heads } = await alice.api.digest();
  const self = (await alice.api.nodes()).find((node) => node.self);
  const key = self?.id ?? "";
  await alice.kill();
  const restored = await world.skein(
    ["restore", file, "--data", world.dataOf(`restored-${suffix}`), "--passphrase-file", passphrase, "--json"],
    { withinMs: 60_000 },
  );
  expect(restored).toMatchObject({ code: 0, stderr: "" });
  expect(restored.json()).toMatchObject({ node: names[0], key: "backup" });
  const [head = 0] = ownFeeds(heads, key).values();
  return { bob, key, head, restored: `restored-${suffix}` };
}

/** What holds once they have met: one view, every op of the lost disk, and a second feed of alice beside the first. */
async function expectNothingLost(nodes: readonly NodeProcess[], { key, head }: Lost, added: number): Promise<void> {
  await waitForEqualDigests(nodes);
  for (const node of nodes) {
    const shown = new Set((await node.api.items()).map((item) => item.title));
    for (const { title } of [...titles("Before", 200), ...titles("After", LATER_OPS), ...titles("New life", added)]) {
      expect(shown.has(title), `${title} on ${node.name}`).toBe(true);
    }
    const feeds = ownFeeds((await node.api.digest()).heads, key);
    expect([...feeds.values()].toSorted((a, b) => a - b)).toEqual([added, head]);
    expect((await node.api.doctor()).incidents.filter((one) => one.message.includes("equivocation"))).toEqual([]);
  }
  await expectSoundLogs(nodes);
}

const isAliveOn = (node: NodeProcess, key: string) => async (): Promise<boolean> =>
  (await node.api.nodes()).some((one) => one.id === key && one.alive);

test("a restored node that meets its peers gets back what it wrote after the backup, and forks nothing", async () => {
  const lost = await loseDisk("met");
  const alice = await world.start(lost.restored, { slots: 0, rendezvous: [lost.bob.endpoints.peer] });
  await waitForEqualDigests([alice, lost.bob]);
  await addItems(alice.api, titles("New life", 20));
  await expectNothingLost([alice, lost.bob], lost, 20);
  // Beats that seem older than what he heard before would count for nothing.
  await waitFor("bob to hear alice", isAliveOn(lost.bob, lost.key));
});

test("a restored node that writes before it meets anybody forks nothing either", async () => {
  const lost = await loseDisk("alone");
  await lost.bob.stop();
  const alice = await world.start(lost.restored, { slots: 0 });
  await addItems(alice.api, titles("New life", 50));
  const bob = await world.start("bob-alone", { slots: 0, rendezvous: [alice.endpoints.peer] });
  await expectNothingLost([alice, bob], lost, 50);
  await waitFor("bob to hear alice", isAliveOn(bob, lost.key));
});

test("a backup without the key is a head start for a new member", async () => {
  const [alice] = await startMesh(world, { names: ["alice-head"], each: () => ({ slots: 0 }) });
  await addItems(alice.api, titles("Before", 50));
  const file = join(world.directory("backups"), "head.backup");
  expect(await world.skein(["backup", file, "--data", alice.data])).toMatchObject({ code: 0 });
  const data = world.dataOf("carol-head");
  const restored = await world.skein(["restore", file, "--data", data]);
  expect(restored.stdout).toContain("this is a new key that is no member yet");
  await addItems(alice.api, titles("After", 5));
  const carol = await world.join("carol-head", alice, { slots: 0 });
  await waitForEqualDigests([alice, carol]);
  const { members } = await alice.api.members();
  expect(members.map((one) => one.role)).toEqual(["owner", "agent"]);
  expect(new Set(members.map((one) => one.name)).size).toBe(2);
  expect(Object.keys((await carol.api.digest()).heads)).toHaveLength(1);
  await expectSoundLogs([alice, carol]);
});

test("a passphrase for a key that is not backed up is a mistake, and no file is made", async () => {
  const file = join(world.directory("backups"), "no-key.backup");
  const result = await world.skein(["backup", file, "--data", world.dataOf("nobody"), "--passphrase-file", "-"]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain("not backed up without --with-key");
  expect(existsSync(file)).toBe(false);
});
