/** What a plan asks of the purse that attempts are paid from. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import type { OpBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { createPlanner } from "./plan.ts";
import { NOTHING_ELSE } from "./testing/plan-input.ts";

const me = { signer: testSigner("owner"), incarnation: new Uint8Array(8).fill(1) };
const [FREE, TAKEN] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;

/** Two items in Coding; this node's founder holds one. */
const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
const replica = createReplica(mesh, testCrypto);
replica.take(frame.bytes);
const write = (entity: string, body: OpBody): void => {
  const on = replica.view().items.get(entity)?.best?.id ?? null;
  replica.write([{ entity, on, body }], me, 10);
};
for (const item of [FREE, TAKEN]) {
  write(item, { kind: "item.create", title: item, text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
  write(item, { kind: "item.start" });
}
write(TAKEN, { kind: "item.claim", ttl: 1_000 });

/** Of a node that holds nothing, beside these others. */
function planned(others: readonly string[]): {
  readonly claimed: readonly string[];
  readonly asked: ReadonlySet<string>;
  readonly saved: number;
} {
  const asked = new Set<string>();
  let saved = 0;
  const intents = createPlanner(testCrypto).plan({
    view: replica.view(),
    self: { key: "another", incarnation: toHex(me.incarnation), slotsFree: 9, labels: {} },
    ...NOTHING_ELSE,
    others: others.map((key) => ({ key, slotsFree: 1, labels: {} })),
    staggerMs: 100,
    purse: {
      offer: (item) => {
        asked.add(item.id);
        return { ok: true, value: 7 };
      },
      take: () => undefined,
      save: (reserved) => {
        saved += reserved;
      },
    },
  });
  return { claimed: intents.map(({ item }) => item), asked, saved };
}

test("nobody asks for money for what another node works at, so that nobody is short of it", () => {
  expect(planned([])).toEqual({ claimed: [FREE], asked: new Set([FREE]), saved: 0 });
});

test("what an item will take whose turn has not come here yet is saved for it", () => {
  expect(planned(["b", "c", "d", "e", "f", "g"])).toEqual({ claimed: [], asked: new Set([FREE]), saved: 7 });
});
