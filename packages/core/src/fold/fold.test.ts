/** One item's history from several hands, membership changes that reach back, and the digest over both. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import type { Role } from "../member/role.ts";
import type { CreateBody, OpBody } from "../op/bodies.ts";
import { foundMesh } from "../log/genesis.ts";
import { type Authorship, createReplica, type Draft, type Replica } from "../log/replica.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { digestOf } from "./digest.ts";
import type { FoldChange } from "./fold.ts";

const ITEM = "0123456789ab";
const OID = "c".repeat(40);
const TITLED: CreateBody = {
  kind: "item.create",
  title: "t",
  text: "",
  type: "story",
  priority: 5,
  labels: [],
  dependsOn: [],
};

interface Node extends Authorship {
  readonly name: string;
  readonly replica: Replica;
  readonly stored: Uint8Array[];
}

const authorship = (name: string, place: number): Authorship => ({
  signer: testSigner(name),
  incarnation: new Uint8Array(8).fill(place),
});
const founder = authorship("founder", 1);
const { mesh, frame: genesis } = foundMesh(
  { ...founder, meshName: "loom", nodeName: "founder", wallMs: 1 },
  testCrypto,
);

function nodeOf(name: string, by: Authorship): Node {
  const node = { ...by, name, replica: createReplica(mesh, testCrypto), stored: [] };
  give(node, [genesis.bytes]);
  return node;
}

/** Takes frames as the engine does, and says whether any of them made the fold stale. */
function give(node: Node, frames: readonly Uint8Array[]): boolean {
  let stale = false;
  for (const bytes of frames) {
    const taken = node.replica.take(bytes);
    if (!taken.ok) throw new Error(taken.error.message);
    if (taken.value.type === "taken") node.stored.push(bytes);
    stale ||= isStale(taken.value.changes);
  }
  if (stale) node.replica.reload(node.stored);
  return stale;
}

const isStale = (changes: readonly FoldChange[]): boolean => changes.some((change) => change.type === "stale");

function write(node: Node, ...drafts: readonly Draft[]): Uint8Array[] {
  const { changes } = node.replica.write(drafts, node, 100 + node.replica.lamport());
  const frames = node.replica.seal(node).map((frame) => frame.bytes);
  node.stored.push(...frames);
  if (isStale(changes)) node.replica.reload(node.stored);
  return frames;
}

/** A founder and members with these roles, who all know each other. */
function meshOf(...roles: readonly Role[]): Node[] {
  const first = nodeOf("founder", founder);
  const rest = roles.map((_, place) => nodeOf(`node${place}`, authorship(`node${place}`, place + 2)));
  for (const [place, role] of roles.entries()) {
    const { signer, name } = rest[place] ?? first;
    const ticket = testSigner(`ticket ${place}`);
    const key = signer.publicKey;
    const proof = ticket.sign(joinProofBytes({ mesh, key, name }));
    write(
      first,
      { entity: "mesh", on: null, body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 } },
      { entity: "mesh", on: null, body: { kind: "member.join", key, name, ticket: ticket.publicKey, proof } },
    );
  }
  for (const node of rest) give(node, first.stored.slice(1));
  return [first, ...rest];
}

const at = (nodes: readonly Node[], place: number): Node => {
  const node = nodes[place];
  if (node === undefined) throw new Error(`there is no node ${place}`);
  return node;
};

const onHead = (node: Node, body: OpBody): Draft => ({
  entity: ITEM,
  on: node.replica.view().items.get(ITEM)?.best?.id ?? null,
  body,
});

const create: Draft = { entity: ITEM, on: null, body: TITLED };
const bestOf = (node: Node): unknown => node.replica.view().items.get(ITEM)?.best;
const digest = (node: Node): string => digestOf(node.replica.view(), testCrypto);

/** Everybody hears everything. */
function settle(nodes: readonly Node[]): void {
  for (let round = 0; round < 2; round++) {
    for (const from of nodes) for (const to of nodes) if (from !== to) give(to, from.stored.slice());
  }
  for (const node of nodes) expect(digest(node)).toBe(digest(at(nodes, 0)));
}

/** A mesh with one item in Coding that everybody knows. */
function started(...roles: readonly Role[]): Node[] {
  const nodes = meshOf(...roles);
  write(at(nodes, 0), create, { entity: ITEM, on: { draft: 0 }, body: { kind: "item.start" } });
  settle(nodes);
  return nodes;
}

const feature = { featureBranch: `skein/${ITEM}/1`, tip: OID, tree: OID, commitsAhead: 1 };
const claim: OpBody = { kind: "item.claim", ttl: 1_000 };
const keyOf = (node: Node): string => toHex(node.signer.publicKey);

test("two claims at once resolve to the same holder on every node, whichever came first", () => {
  const nodes = started("agent", "agent", "agent");
  const [one, two] = [at(nodes, 1), at(nodes, 2)];
  const first = write(one, onHead(one, claim));
  const second = write(two, onHead(two, claim));
  give(at(nodes, 0), [...first, ...second]);
  give(at(nodes, 3), [...second, ...first]);
  const winner = keyOf(one) < keyOf(two) ? one : two;
  settle(nodes);
  for (const node of nodes) {
    expect(bestOf(node)).toMatchObject({
      author: keyOf(winner),
      state: { epoch: 1, claim: { holder: keyOf(winner) } },
    });
    // The losing claim stays in the tree.
    expect(node.replica.view().items.get(ITEM)?.entries.size).toBe(4);
  }
});

test("of two attempts with one epoch, the one that is further along is the item's", () => {
  const nodes = started("agent", "agent");
  const [one, two] = [at(nodes, 1), at(nodes, 2)];
  for (const node of [one, two]) write(node, onHead(node, claim));
  const slower = keyOf(one) < keyOf(two) ? one : two;
  const faster = slower === one ? two : one;
  write(faster, onHead(faster, { kind: "item.submit", feature }));
  settle(nodes);
  for (const node of nodes) {
    expect(bestOf(node)).toMatchObject({ state: { stage: { stage: "Qa" }, claim: { holder: keyOf(faster) } } });
  }
});

test("work that builds on a claim taken over has no effect on the item", () => {
  const nodes = started("agent", "agent");
  const [holder, survivor] = [at(nodes, 1), at(nodes, 2)];
  write(holder, onHead(holder, { kind: "item.claim", ttl: 1_000 }));
  settle(nodes);
  write(survivor, onHead(survivor, { kind: "item.claim", ttl: 1_000 }));
  write(holder, onHead(holder, { kind: "item.submit", feature }));
  settle(nodes);
  const item = holder.replica.view().items.get(ITEM);
  expect(item?.best?.state).toMatchObject({ epoch: 2, stage: { stage: "Coding" } });
  const late = [...(item?.entries.values() ?? [])].find((entry) => entry.kind === "item.submit");
  expect(late?.outcome.type).toBe("accepted");
});

test("a landing wins over whatever was done meanwhile, an archive by an operator among it", () => {
  const nodes = started("agent", "operator");
  write(at(nodes, 2), onHead(at(nodes, 2), { kind: "item.archive", reason: "Abandoned", note: "" }));
  write(at(nodes, 1), onHead(at(nodes, 1), { kind: "item.land", commit: OID, at: 7 }));
  settle(nodes);
  expect(bestOf(at(nodes, 0))).toMatchObject({ state: { stage: { stage: "Done", mergeCommit: OID } } });
});

test("a tombstone dominates whatever comes, before or after it", () => {
  const nodes = started("operator", "agent");
  const deletion = write(at(nodes, 1), onHead(at(nodes, 1), { kind: "item.delete", note: "" }));
  const claim = write(at(nodes, 2), onHead(at(nodes, 2), { kind: "item.claim", ttl: 1_000 }));
  const rename = write(at(nodes, 0), onHead(at(nodes, 0), { kind: "item.set", field: "title", value: "renamed" }));
  settle(nodes);
  for (const node of nodes) expect(node.replica.view().items.get(ITEM)?.deleted).toBe(true);
  for (const order of [
    [deletion, claim, rename],
    [rename, claim, deletion],
    [claim, deletion, rename],
  ]) {
    const fresh = nodeOf("fresh", authorship("fresh", 50));
    give(fresh, at(nodes, 0).stored.slice(0, at(nodes, 0).stored.length - 3));
    give(fresh, order.flat());
    expect(digest(fresh)).toBe(digest(at(nodes, 0)));
    expect(fresh.replica.view().items.get(ITEM)?.deleted).toBe(true);
  }
});

test("an agent neither deletes, edits nor adds; its attempts are kept as rejected", () => {
  const nodes = started("agent", "observer");
  for (const node of nodes.slice(1)) {
    write(
      node,
      onHead(node, { kind: "item.delete", note: "" }),
      onHead(node, { kind: "item.set", field: "title", value: "mine" }),
      { ...create, entity: node.name.padEnd(12, "0") },
    );
  }
  settle(nodes);
  const view = at(nodes, 0).replica.view();
  expect(view.items.get(ITEM)).toMatchObject({ deleted: false, registers: { title: { value: "t" } } });
  for (const node of nodes.slice(1)) {
    const added = view.items.get(node.name.padEnd(12, "0"));
    expect(added?.best).toBeUndefined();
    expect([...(added?.entries.values() ?? [])].map((entry) => entry.outcome)).toMatchObject([{ type: "rejected" }]);
  }
  const reasons = [...(view.items.get(ITEM)?.entries.values() ?? [])].flatMap((entry) =>
    entry.outcome.type === "rejected" ? [entry.outcome.reason] : [],
  );
  expect(reasons).toHaveLength(4);
  for (const reason of reasons) expect(reason).toContain("needs the role operator");
});

test("an op that builds on nothing, on a rejected op, on another item or on a register is rejected with its reason", () => {
  const nodes = started();
  const [node] = nodes;
  if (node === undefined) throw new Error("no node");
  const reasonOf = (draft: Draft, entity: string = ITEM): unknown => {
    const id = node.replica.write([{ ...draft, entity }], node, 5).ops[0]?.id ?? "";
    return node.replica.view().items.get(entity)?.entries.get(id)?.outcome;
  };
  const nothing = reasonOf({ entity: ITEM, on: null, body: claim });
  expect(nothing).toEqual({ type: "rejected", reason: "it does not build on an op of this item" });
  const rejectedId = [...(node.replica.view().items.get(ITEM)?.entries.keys() ?? [])].at(-1) ?? "";
  expect(reasonOf({ entity: ITEM, on: rejectedId, body: claim })).toEqual({
    type: "rejected",
    reason: "the op it builds on was rejected",
  });
  const head = node.replica.view().items.get(ITEM)?.best?.id ?? "";
  expect(reasonOf({ entity: ITEM, on: head, body: claim }, "zzzzzzzzzzzz")).toMatchObject({ type: "rejected" });
  const set =
    node.replica.write([onHead(node, { kind: "item.set", field: "title", value: "x" })], node, 5).ops[0]?.id ?? "";
  expect(reasonOf({ entity: ITEM, on: set, body: claim })).toEqual({
    type: "rejected",
    reason: "the op it builds on is not a stage of the item",
  });
  expect(reasonOf({ entity: ITEM, on: head, body: TITLED })).toEqual({
    type: "rejected",
    reason: "an item's first op builds on nothing",
  });
  expect(reasonOf({ entity: ITEM, on: head, body: { kind: "item.pass", evidence: { tree: OID, runs: [] } } })).toEqual({
    type: "rejected",
    reason: "pass is not possible in Coding",
  });
});

test.each(["../../etc/pwn", "--upload-pack", "", "0123456789AB", "0123456789abc", "0123456789a\n"])(
  "an item is not born under the id %o",
  (id) => {
    const [node] = meshOf();
    if (node === undefined) throw new Error("no node");
    node.replica.write([{ ...create, entity: id }], node, 5);
    expect(node.replica.view().items.get(id)?.best).toBeUndefined();
  },
);

test("an item's times are the first and the last of the ops with an effect, in any order and from clocks at zero", () => {
  const [node] = meshOf();
  if (node === undefined) throw new Error("no node");
  const { ops } = node.replica.write([create], node, 40);
  const set = (wallMs: number): void => {
    const body: OpBody = { kind: "item.set", field: "title", value: `${wallMs}` };
    node.replica.write([{ entity: ITEM, on: ops[0]?.id ?? null, body }], node, wallMs);
  };
  for (const wallMs of [50, 0, 45]) set(wallMs);
  expect(node.replica.view().items.get(ITEM)).toMatchObject({ createdAt: 0, updatedAt: 50 });
});

// ── membership that reaches back ────────────────────────────────────────────────────────────────────────────────────

const removal = (of: Node, seq: number): Draft => ({
  entity: "mesh",
  on: null,
  body: {
    kind: "member.remove",
    key: of.signer.publicKey,
    cut: seq === 0 ? new Map() : new Map([[`0${of.incarnation[0]}`.repeat(8), seq]]),
    note: "",
  },
});

const title = (node: Node): string => node.replica.view().items.get(ITEM)?.registers?.title.value ?? "";

const rename = (node: Node, value: string): Uint8Array[] =>
  write(node, onHead(node, { kind: "item.set", field: "title", value }));

test("a removal that cuts nothing that is here is no reason to fold again", () => {
  const nodes = started("operator");
  const frames = rename(at(nodes, 1), "by the member");
  give(at(nodes, 0), frames);
  const { changes } = at(nodes, 0).replica.write([removal(at(nodes, 1), 1)], at(nodes, 0), 5);
  expect(changes).toEqual([{ type: "membership" }]);
  expect(title(at(nodes, 0))).toBe("by the member");
});

test("a removal that cuts ops that are here makes the fold stale, and after the reload they have no effect", () => {
  const nodes = started("operator");
  give(at(nodes, 0), rename(at(nodes, 1), "within"));
  give(at(nodes, 0), rename(at(nodes, 1), "beyond"));
  expect(title(at(nodes, 0))).toBe("beyond");
  const { changes } = at(nodes, 0).replica.write([removal(at(nodes, 1), 1)], at(nodes, 0), 5);
  expect(changes).toEqual([{ type: "stale" }]);
  at(nodes, 0).stored.push(
    ...at(nodes, 0)
      .replica.seal(at(nodes, 0))
      .map((frame) => frame.bytes),
  );
  at(nodes, 0).replica.reload(at(nodes, 0).stored);
  expect(title(at(nodes, 0))).toBe("within");
});

test("a later removal with a greater cut, that wins by its stamp, gives ops their effect back", () => {
  // The cut moves from below the last op to another place below it: the last op alone does not show it.
  const nodes = started("owner", "owner", "operator");
  const [, early, late, victim] = [at(nodes, 0), at(nodes, 1), at(nodes, 2), at(nodes, 3)];
  for (const value of ["one", "two", "three"]) rename(victim, value);
  // `late` writes something first, so that its removal has the greater stamp and loses.
  const low = write(early, removal(victim, 2));
  write(late, {
    entity: "mesh",
    on: null,
    body: { kind: "project.set", name: "p", remote: "r", base: "b", config: "" },
  });
  write(late, removal(victim, 1));
  const watcher = at(nodes, 0);
  give(watcher, victim.stored.slice());
  give(watcher, late.stored.slice());
  expect(title(watcher)).toBe("one");
  expect(give(watcher, low)).toBe(true);
  expect(title(watcher)).toBe("two");
  settle(nodes);
  expect(title(late)).toBe("two");
});

test("an invite that comes late and gives a member a lesser role takes back what it wrote with the greater", () => {
  const nodes = meshOf("owner");
  const [first, host] = [at(nodes, 0), at(nodes, 1)];
  const ticket = testSigner("one ticket, two invites");
  const newcomer = nodeOf("newcomer", authorship("newcomer", 40));
  const inviteAs = (role: Role): Draft => ({
    entity: "mesh",
    on: null,
    body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 },
  });
  const lesser = write(first, inviteAs("observer"));
  // The host writes something first, so that its invite has the greater stamp and does not count.
  write(host, {
    entity: "mesh",
    on: null,
    body: { kind: "project.set", name: "p", remote: "r", base: "b", config: "" },
  });
  const key = newcomer.signer.publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh, key, name: "newcomer" }));
  write(host, inviteAs("operator"), {
    entity: "mesh",
    on: null,
    body: { kind: "member.join", key, name: "newcomer", ticket: ticket.publicKey, proof },
  });
  give(newcomer, host.stored);
  write(newcomer, create);
  give(host, newcomer.stored);
  expect(bestOf(host)).toBeDefined();
  expect(give(host, lesser)).toBe(true);
  expect(bestOf(host)).toBeUndefined();
  settle([first, host, newcomer]);
});

// ── the digest ──────────────────────────────────────────────────────────────────────────────────────────────────────

test("everything that an op can change changes the digest", () => {
  const nodes = started("operator");
  const [node, member] = [at(nodes, 0), at(nodes, 1)];
  const seen = new Set([digest(node)]);
  const drafts: readonly (() => Draft)[] = [
    () => onHead(node, { kind: "item.claim", ttl: 1_000 }),
    () => onHead(node, { kind: "item.set", field: "hold", value: "wait" }),
    () => onHead(node, { kind: "item.set", field: "labels", value: ["a"] }),
    () => onHead(node, { kind: "item.pass", evidence: { tree: OID, runs: [] } }),
    () => ({ ...create, entity: "zzzzzzzzzzzz" }),
    () => ({ entity: "mesh", on: null, body: { kind: "project.set", name: "p", remote: "r", base: "b", config: "" } }),
    () => ({
      entity: "mesh",
      on: null,
      body: { kind: "member.invite", ticket: new Uint8Array(32), role: "agent", expires: 1 },
    }),
    () => removal(member, 0),
    () => onHead(node, { kind: "item.delete", note: "" }),
  ];
  for (const draft of drafts) {
    write(node, draft());
    seen.add(digest(node));
  }
  expect(seen.size).toBe(drafts.length + 1);
});

test("evidence as deep and as long as an op may carry is digested", () => {
  const [node] = started();
  if (node === undefined) throw new Error("no node");
  write(node, onHead(node, claim));
  write(node, onHead(node, { kind: "item.submit", feature }));
  const run = { argv: Array.from({ length: 64 }, () => "x"), exitCode: 0, durationMs: 1, outputDigest: "d".repeat(64) };
  const runs = Array.from({ length: 32 }, () => run);
  write(node, onHead(node, { kind: "item.pass", evidence: { tree: OID, runs } }));
  expect(bestOf(node)).toMatchObject({ state: { stage: { stage: "Merge" } } });
  const fresh = nodeOf("fresh", authorship("fresh", 60));
  give(fresh, node.stored);
  expect(digest(fresh)).toBe(digest(node));
});
