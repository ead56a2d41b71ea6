/**
 * Done is checked, not believed: a member with the role agent writes that an item landed as a commit that does not exist.
 * Nodes that read the target branch show it as refuted, name the author, and start nothing that depends on it.
 */
import { fromHex } from "@skein/core";
import { expect, test } from "vitest";

import { dialAsPeer, newIdentity, ticketOf } from "../support/hostile-peer.ts";
import { expectSoundLogs, startMesh, waitForEqualDigests, waitForStage } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { fetchAll, newReplica, writeFrame } from "../support/peer-replica.ts";
import { landingOf } from "../support/project.ts";
import { NotYet, waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
/** The alarm is due within a minute; a node that waits for its remote in vain looks every five seconds. */
const ALARM_MS = 60_000;

/** Joins as an agent and writes that these items landed, without having done anything. */
async function writeInventedLandings(host: NodeProcess, ids: readonly string[], commit: string): Promise<void> {
  const { mesh: meshId } = await host.api.get<{ readonly mesh: string }>("/node");
  const mesh = fromHex(meshId) ?? new Uint8Array();
  const identity = newIdentity();
  const { signer: ticket } = ticketOf((await host.api.invite("agent")).ticket);
  const peer = await dialAsPeer({ url: host.endpoints.peer, mesh, identity, name: "mallory", ticket });
  await peer.waitUntilProved();
  const replica = newReplica(mesh);
  await waitFor("mallory to hold the items and her own membership", async () => {
    await fetchAll(peer, replica);
    const known = replica.view();
    return ids.every((id) => known.items.has(id)) && known.membership.members.size >= 3;
  });
  const drafts = ids.map((id) => ({
    entity: id,
    on: replica.view().items.get(id)?.best?.id ?? null,
    body: { kind: "item.land" as const, commit, at: Date.now() },
  }));
  peer.send({ type: "frames", frames: [writeFrame(replica, identity, drafts).bytes], more: false });
}

async function waitForLanding(nodes: readonly NodeProcess[], id: string, landing: string): Promise<void> {
  await waitFor(
    `the landing of ${id} to be ${landing} everywhere`,
    async () => {
      for (const node of nodes) {
        const item = await node.api.item(id);
        if (item.landing !== landing) throw new NotYet(`${node.name} says ${item.stage}, ${String(item.landing)}`);
      }
      return true;
    },
    { withinMs: ALARM_MS, everyMs: 100 },
  );
}

const metric = async (node: NodeProcess, name: string): Promise<number> => {
  const headers = { authorization: `Bearer ${node.api.token}` };
  const text = await (await fetch(`${node.api.http}/metrics`, { headers })).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? "-1");
};

test("an invented landing is refuted on every node that reads the remote, and heals when it really happens", async () => {
  const project = await world.project();
  const nodes = await startMesh(world, {
    project,
    names: ["alice", "bob"],
    each: (name) => ({ slots: name === "bob" ? 1 : 0 }),
  });
  const [alice, bob] = nodes;
  const honest = await alice.api.addItem({ title: "Really done", start: true });
  await waitForLanding(nodes, honest.id, "verified");
  const faked = await alice.api.addItem({ title: "Never done" });
  const next = await alice.api.addItem({ title: "Builds on it", dependsOn: [faked.id], start: true });
  const invented = "ab".repeat(20);

  await writeInventedLandings(alice, [faked.id], invented);
  await waitForLanding(nodes, faked.id, "refuted");
  for (const node of nodes) {
    const item = await node.api.item(faked.id);
    // The fold cannot read a remote: the log's stage is the same everywhere, its truth is each node's own finding.
    expect(item).toMatchObject({ stage: "Done", mergeCommit: invented });
    expect(item.why.join(" ")).toContain(`mallory wrote that it landed as ${invented.slice(0, 12)}`);
    expect((await node.api.item(honest.id)).landing).toBe("verified");
    const doctor = await node.api.doctor();
    expect(doctor).toMatchObject({ ok: false });
    expect(doctor.checks.find((one) => one.name === "landings")).toMatchObject({ ok: false });
    const incident = doctor.incidents.find((one) => one.type === "landing-refuted");
    expect(incident).toMatchObject({ subject: faked.id, message: expect.stringContaining("mallory") });
    expect(incident?.message).toContain(invented);
    expect(await metric(node, "skein_landings_refuted")).toBe(1);
  }
  for (const command of [["item", "list"], ["item", "show", faked.id], ["board"]]) {
    const { stdout } = await world.skein([...command, "--data", alice.data]);
    expect(stdout).toContain(`Done (refuted: ${invented.slice(0, 12)} is not on the target branch)`);
  }
  // What depends on it was free to take for longer than any stagger, and nobody took it.
  expect(await bob.api.item(next.id)).toMatchObject({ stage: "Coding", claim: null, epoch: 0 });
  expect((await bob.api.item(next.id)).why.join(" ")).toContain(`It waits for ${faked.id} to land first.`);

  await project.git(["pull", "--quiet", "--ff-only", "origin", "main"]);
  const commit = await project.push({ "never.txt": "done\n" }, `Never done\n\nSkein-Item: ${faked.id}`);
  await waitForLanding(nodes, faked.id, "verified");
  expect(await alice.api.item(faked.id)).toMatchObject({ mergeCommit: commit });
  await waitForStage(nodes, next.id, "Done");
  await waitForLanding(nodes, next.id, "verified");
  expect((await landingOf(project, next.id)).commit).toBe((await bob.api.item(next.id)).mergeCommit);

  // A branch that is rewritten takes its landings with it.
  await project.git(["push", "--quiet", "--force", "origin", `${commit}~1:refs/heads/main`]);
  // With nothing open the branch is read now and then only; an item that may land makes nodes look often again.
  await alice.api.addItem({ title: "Something open" });
  await waitForLanding(nodes, faked.id, "refuted");
  await waitForLanding(nodes, next.id, "refuted");
  expect((await alice.api.item(honest.id)).landing).toBe("verified");
  const rewritten = (await alice.api.doctor()).incidents.filter((one) => one.message.includes("was rewritten"));
  expect(rewritten.map((one) => one.subject).toSorted()).toEqual([faked.id, next.id].toSorted());

  await waitForEqualDigests(nodes);
  await expectSoundLogs(nodes);
});
