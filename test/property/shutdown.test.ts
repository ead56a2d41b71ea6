/** A node that is told to stop while it takes work: whatever it was in the middle of, no agent of it is left running. */
import { expect, test } from "vitest";

import { createVirtualMesh, pumped } from "./virtual/mesh.ts";

/** Events of attempts in the node's log, each with its time. */
const attempts = (trace: readonly string[], event: string): readonly string[] =>
  trace.filter((line) => line.includes(` attempt.${event} `));

test("a claim that is on its way to the disk when the node is stopped begins no attempt that outlives it", async () => {
  let claims = 0;
  for (let step = 0; step < 12; step++) {
    const mesh = createVirtualMesh(step);
    const alice = await mesh.found("alice");
    await mesh.time.runUntil(() => alice.node.api.board.current().nodes.size > 0, 60_000);
    await mesh.time.runUntil(() => false, 5_000);
    await pumped(mesh.time, alice.command("item.add", { title: "Late", start: true }));
    let seen = 0;
    await mesh.time.runUntil(() => seen++ === step, 60_000);
    await pumped(mesh.time, alice.node.stop());
    const begun = attempts(mesh.trace, "started").length;
    claims += mesh.trace.filter((line) => line.includes(" claim.taken ")).length;
    expect([step, attempts(mesh.trace, "ended").length]).toEqual([step, begun]);
    await mesh.time.runUntil(() => false, 60_000);
    expect([step, attempts(mesh.trace, "started").length]).toEqual([step, begun]);
  }
  expect(claims).toBeGreaterThan(0);
});
