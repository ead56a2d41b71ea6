/** What a node does with claims of its own that nothing of it works on, as after a restart. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { err, type Result } from "../kernel/result.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import type { OpBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { createPlanner, type PlanInput } from "./plan.ts";
import { NOTHING_ELSE } from "./testing/plan-input.ts";

const me = { signer: testSigner("owner"), incarnation: new Uint8Array(8).fill(1) };
const [A, B] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;
const born = { kind: "item.create", text: "", type: "story", priority: 5, dependsOn: [] } as const;

/** Two items in Coding that this node holds; B asks for a label. */
const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
const replica = createReplica(mesh, testCrypto);
replica.take(frame.bytes);
const headOf = (item: string): string | null => replica.view().items.get(item)?.best?.id ?? null;
const write = (entity: string, body: OpBody): void =>
  void replica.write([{ entity, on: headOf(entity), body }], me, 10);
for (const [item, labels] of [
  [A, []],
  [B, ["os=plan9"]],
] as const) {
  write(item, { ...born, title: item, labels });
  write(item, { kind: "item.start" });
  write(item, { kind: "item.claim", ttl: 1_000 });
}

const SELF = {
  key: toHex(me.signer.publicKey),
  incarnation: toHex(me.incarnation),
  slotsFree: 9,
  labels: {},
};

function planned(changes: Partial<PlanInput> = {}): readonly unknown[] {
  const intents = createPlanner(testCrypto).plan({
    view: replica.view(),
    self: SELF,
    ...NOTHING_ELSE,
    staggerMs: 100,
    ...changes,
  });
  return intents.map((intent) => [intent.type, intent.item, "why" in intent ? intent.why : ""]);
}

const refused = (): Result<never, string> => err("its share is spent");
const purse = { offer: refused, offerMore: refused, take: () => undefined, save: () => undefined };

test("what a node cannot go on with by itself it gives to those that can, and says why", () => {
  expect(planned({ purse })).toEqual([
    ["yield", A, "this node cannot pay for it: its share is spent"],
    ["yield", B, "it asks for os=plan9, which this node does not have"],
  ]);
  expect(planned({ self: { ...SELF, labels: { os: "plan9" } } })).toEqual([
    ["claim", A, "own"],
    ["claim", B, "own"],
  ]);
});

test("what it works on, leaves alone for a while, or a copy of it may work on, it does not give away", () => {
  expect(planned({ purse, running: new Map([A, B].map((item) => [item, headOf(item) ?? ""])) })).toEqual([]);
  expect(planned({ purse, notBefore: new Map([A, B].map((item) => [item, 1])) })).toEqual([]);
  expect(planned({ purse, self: { ...SELF, incarnation: "another" } })).toEqual([]);
});
