/**
 * A member that forks one feed of its own after the other, in frames that cost it nothing: it is cut for it and named, and
 * the node goes on, with the proof of every fork that it took.
 */
import { BUDGETS, createReplica, type Draft, type Frame } from "@skein/core";
import { expect, test } from "vitest";

import { type HostileMember, joinWith } from "../../bench/attacks.mjs";
import { crypto, newIdentity } from "../support/hostile-peer.ts";
import { startMesh } from "../support/mesh.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

/** Two histories of a new incarnation. Nothing in them has an effect. */
function forkedPair({ mesh, identity }: HostileMember): readonly Uint8Array[] {
  const { incarnation } = newIdentity();
  const drafts: readonly Draft[] = ["a", "b"].map((entity) => ({ entity, on: null, body: { kind: "item.start" } }));
  const frames = drafts.flatMap((draft): readonly Frame[] => {
    const replica = createReplica(mesh, crypto);
    const by = { signer: identity.signer, incarnation };
    replica.write([draft], by, 1);
    return replica.seal(by);
  });
  return frames.map(({ bytes }) => bytes);
}

test("a member that forks its feeds without end is cut for it, and nobody else pays", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice", "bob"], each: () => ({ slots: 0 }) });
  const { ticket } = await alice.api.invite("observer");
  const member = await joinWith({ url: alice.endpoints.peer, ticket, name: "mallory" });
  for (let pair = 0; pair <= BUDGETS.forks.burst + 1; pair++) {
    member.send({ type: "frames", frames: forkedPair(member), more: false });
  }
  await waitFor("the member to be cut", () => member.isClosed());
  expect(member.refusal()).toBe("over-budget");
  const { incidents } = await alice.api.doctor();
  expect(incidents.filter(({ type }) => type === "link-over-budget").map(({ subject }) => subject)).toEqual([
    "mallory",
  ]);
  // Bob hears of all of them from Alice, whom he has nothing to reproach with.
  const { id } = await alice.api.addItem({ title: "After all of them" });
  await waitFor("bob to have it", () => bob.api.item(id));
  expect((await bob.api.doctor()).incidents.filter(({ subject }) => subject === "alice")).toEqual([]);
});
