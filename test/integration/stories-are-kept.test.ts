/**
 * A story and its criteria, edited on two nodes in turns, are what they were in a shortened log, on a node that starts from
 * it, and in a restored backup; and everybody goes on editing them.
 */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";

import { expectSoundLogs, startMesh, waitForEqualDigests } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { useWorld } from "../support/world.ts";

const TURNS = 12;
const world = useWorld();

interface Texts {
  readonly text: string;
  readonly criteria: string;
}

async function textsOf(node: NodeProcess, id: string): Promise<Texts> {
  const { text, criteria } = await node.api.item(id);
  return { text, criteria };
}

/** A line more in the middle of both. */
async function edit(node: NodeProcess, id: string, line: string): Promise<void> {
  const { text, criteria } = await textsOf(node, id);
  await node.api.command("item.edit", {
    item: id,
    text: text.replace("end", `${line}\nend`),
    criteria: criteria.replace("- end", `- ${line}\n- end`),
  });
}

test("stories and criteria come through a shortened log, a fresh node, a backup and a restore", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice", "bob"], each: () => ({ slots: 0 }) });
  const { id } = await alice.api.command<{ id: string }>("item.add", {
    title: "Kept",
    text: "begin\nend",
    criteria: "- begin\n- end",
  });
  await waitForEqualDigests([alice, bob]);
  for (let turn = 0; turn < TURNS; turn++) {
    await edit(turn % 2 === 0 ? alice : bob, id, `line ${turn}`);
    await waitForEqualDigests([alice, bob]);
  }
  const before = await textsOf(alice, id);
  expect(before.text.split("\n")).toHaveLength(TURNS + 2);
  expect(before.criteria.split("\n")).toHaveLength(TURNS + 2);
  const kinds = (await alice.api.history(id)).filter(
    ({ kind, outcome }) => kind === "item.write" && outcome === "noted",
  );
  expect(kinds).toHaveLength(2 * TURNS);

  const passphrase = join(world.directory("backups"), "passphrase");
  const file = join(world.directory("backups"), "alice.backup");
  writeFileSync(passphrase, "correct horse battery\n");
  await alice.api.command("checkpoint", {});
  await alice.api.command("compact", {});
  const keyed = ["--with-key", "--passphrase-file", passphrase];
  expect(await world.skein(["backup", file, "--data", alice.data, ...keyed])).toMatchObject({ code: 0 });
  const { digest } = await alice.api.digest();
  await alice.stop();
  const again = await world.start("alice", { slots: 0 });
  expect((await again.api.digest()).digest).toBe(digest);
  expect(await textsOf(again, id)).toEqual(before);

  // Whoever has only the shortened log goes on editing what is in it.
  const carol = await world.join("carol", again, { slots: 0, role: "operator" });
  await waitForEqualDigests([again, carol]);
  expect(await textsOf(carol, id)).toEqual(before);
  await edit(carol, id, "from carol");
  await waitForEqualDigests([again, carol]);
  const later = await textsOf(carol, id);
  expect(later.text).toContain("line 11\nfrom carol\nend");

  await again.kill();
  const restored = await world.skein(
    ["restore", file, "--data", world.dataOf("restored"), "--passphrase-file", passphrase, "--json"],
    { withinMs: 60_000 },
  );
  expect(restored).toMatchObject({ code: 0, stderr: "" });
  const back = await world.start("restored", { slots: 0, rendezvous: [carol.endpoints.peer] });
  await waitForEqualDigests([back, carol]);
  expect(await textsOf(back, id)).toEqual(later);
  // Its new life has clients of its own: nobody has written under them.
  await edit(back, id, "from the restored");
  await waitForEqualDigests([back, carol]);
  expect(await textsOf(carol, id)).toEqual(await textsOf(back, id));
  expect((await textsOf(carol, id)).criteria).toContain("- from carol\n- from the restored\n- end");
  await expectSoundLogs([back, carol]);
});
