/** Which result of another attempt may be taken to the gate instead of doing the work again. */
import { expect, test } from "vitest";

import { findItem, type LiveItem } from "../command/find.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import type { OpBody, StageBody } from "../op/bodies.ts";
import type { Feature } from "../fold/stage.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { conflictedWork, finishedWork, refusedTips } from "./finished-work.ts";

const me = { signer: testSigner("finished"), incarnation: new Uint8Array(8).fill(1) };
const ITEM = "aaaaaaaaaaaa";

const work = (epoch: number, letter: string): Feature => ({
  featureBranch: `skein/${ITEM}/${epoch}`,
  tip: letter.repeat(40),
  tree: letter.repeat(40),
  commitsAhead: 1,
});

interface World {
  /** Writes on an op, or on the item's best one, and gives the new op's id. */
  write(body: OpBody, on?: string): string;
  finished(): Feature | undefined;
  conflicted(): Feature | undefined;
  /** Refused tips, and how many ops were looked up for them. */
  refused(): { readonly tips: ReadonlySet<string>; readonly lookups: number };
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = 10;
  const itemNow = (): LiveItem => {
    const item = findItem(replica.view(), ITEM);
    if (!item.ok) throw new Error(item.error.message);
    return item.value;
  };
  return {
    write: (body, on) => {
      const head = on ?? replica.view().items.get(ITEM)?.best?.id ?? null;
      const [op] = replica.write([{ entity: ITEM, on: head, body }], me, wallMs++).ops;
      if (op === undefined) throw new Error("nothing was written");
      return op.id;
    },
    finished: () => finishedWork(itemNow()),
    conflicted: () => conflictedWork(itemNow()),
    refused: () => {
      const item = replica.view().items.get(ITEM);
      if (item === undefined) throw new Error("the item is gone");
      let lookups = 0;
      const entries = new Map(item.entries);
      const get = entries.get.bind(entries);
      entries.get = (id) => {
        lookups++;
        return get(id);
      };
      return { tips: refusedTips({ ...item, entries }), lookups };
    },
  };
}

/** One node's claim and result, and beside them another node's take-over of the claim. */
function contested(): { readonly world: World; readonly submitted: string } {
  const world = worldOf();
  world.write({ kind: "item.create", title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
  world.write({ kind: "item.start" });
  const claim = world.write({ kind: "item.claim", ttl: 1_000 });
  const submitted = world.write({ kind: "item.submit", feature: work(1, "a") }, claim);
  world.write({ kind: "item.claim", ttl: 1_000 }, claim);
  return { world, submitted };
}

const sendBack = (reason: Extract<StageBody, { kind: "item.sendBack" }>["reason"]): OpBody => ({
  kind: "item.sendBack",
  reason,
  note: "",
  progress: false,
  evidence: [],
});

test("what another node submitted while its claim was lost can be taken over", () => {
  expect(contested().world.finished()).toEqual(work(1, "a"));
});

test("there is nothing to take over where nobody submitted anything", () => {
  const world = worldOf();
  world.write({ kind: "item.create", title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
  world.write({ kind: "item.start" });
  world.write({ kind: "item.claim", ttl: 1_000 });
  expect(world.finished()).toBeUndefined();
});

test.each(["gate-failed", "conflict", "person"] as const)("what was sent back for %s is not taken again", (reason) => {
  const { world, submitted } = contested();
  world.write(sendBack(reason), submitted);
  expect(world.finished()).toBeUndefined();
});

test("what was sent back from somebody else's branch of the history is the same work, and not taken again", () => {
  const { world } = contested();
  world.write({ kind: "item.submit", feature: work(1, "a") });
  world.write(sendBack("gate-failed"));
  world.write({ kind: "item.claim", ttl: 1_000 });
  expect(world.finished()).toBeUndefined();
});

test("a failure of the machine refuses nothing: the work goes to the gate once more", () => {
  const { world, submitted } = contested();
  world.write(sendBack("infrastructure"), submitted);
  expect(world.finished()).toEqual(work(1, "a"));
});

test("what a person took out of the pipeline starts afresh", () => {
  const { world, submitted } = contested();
  world.write({ kind: "item.shelve", note: "" }, submitted);
  expect(world.finished()).toBeUndefined();
});

test("a branch that conflicts is gone on with until an attempt fails for another reason, or the item is started anew", () => {
  const world = worldOf();
  const claim = { kind: "item.claim", ttl: 1_000 } as const;
  world.write({ kind: "item.create", title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
  world.write({ kind: "item.start" });
  world.write(claim);
  world.write({ kind: "item.submit", feature: work(1, "a") });
  expect(world.conflicted()).toBeUndefined();
  world.write({ ...sendBack("conflict"), left: work(1, "a") } as OpBody);
  world.write(claim);
  expect(world.conflicted()).toEqual(work(1, "a"));
  // Neither a machine's trouble nor a claim that is given back changes what has to be done.
  world.write({ ...sendBack("infrastructure"), left: work(1, "b") } as OpBody);
  world.write(claim);
  world.write({ kind: "item.release", note: "" });
  expect(world.conflicted()).toEqual(work(1, "a"));
  world.write(claim);
  world.write(sendBack("no-commits"));
  expect(world.conflicted()).toBeUndefined();
  world.write(claim);
  world.write({ ...sendBack("conflict"), left: work(1, "a") } as OpBody);
  expect(world.conflicted()).toEqual(work(1, "a"));
  world.write({ kind: "item.shelve", note: "" });
  world.write({ kind: "item.start" });
  expect(world.conflicted()).toBeUndefined();
});

test("a history of nothing but refusals is walked once, however long it is", () => {
  const world = worldOf();
  world.write({ kind: "item.create", title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
  world.write({ kind: "item.start" });
  const ROUNDS = 60;
  for (let epoch = 1; epoch <= ROUNDS; epoch++) {
    world.write({ kind: "item.claim", ttl: 1_000 });
    world.write({ kind: "item.submit", feature: { ...work(1, "a"), tip: epoch.toString(16).padStart(40, "0") } });
    world.write(sendBack("gate-failed"));
  }
  const { tips, lookups } = world.refused();
  expect(tips.size).toBe(ROUNDS);
  // Three ops a round, and three looks at each one's parent at most.
  expect(lookups).toBeLessThan(10 * ROUNDS);
});
