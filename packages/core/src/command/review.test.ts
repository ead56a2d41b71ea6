/** Whose word counts before something lands: a person's on the branch, other nodes' on the very tree. */
import { expect, test } from "vitest";

import { decide } from "./decide.ts";
import { isLive, type LiveItem } from "./find.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import type { OpBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { unverified } from "../view/landing.ts";
import { projectItem } from "../view/project.ts";
import { codersOf } from "./coders.ts";
import { awaitedOf, greenOn, isApproved, NO_VERDICT, type QaPolicy, REVIEW, waitingFor } from "./review.ts";

const ITEM = "aaaaaaaaaaaa";
const [TIP, TREE, OLDER, BRANCH_TREE] = ["1", "2", "3", "4"].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
];
const PLAIN: QaPolicy = { mode: "commands", witnesses: 0, fourEyes: false };
const HUMAN: QaPolicy = { ...PLAIN, mode: "human" };
const NAMES = ["owner", "coder", "second", "third"] as const;
type Name = (typeof NAMES)[number];

const authorOf = (name: Name) => ({ signer: testSigner(name), incarnation: new Uint8Array(8).fill(1) });
const idOf = (name: Name): string => toHex(testSigner(name).publicKey);

/** An item of the coder's in Qa, in a mesh of four nodes. */
function worldOf() {
  const { mesh, frame } = foundMesh({ ...authorOf("owner"), meshName: "m", nodeName: "owner", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wallMs = 10;
  /** On the item's best op, or on the one that is named; gives the new op's id. */
  const write = (by: Name, entity: string, body: OpBody, named?: string): string => {
    const on = entity === "mesh" ? null : (named ?? replica.view().items.get(entity)?.best?.id ?? null);
    const [op] = replica.write([{ entity, on, body }], authorOf(by), wallMs++).ops;
    if (op === undefined) throw new Error("nothing was written");
    return op.id;
  };
  for (const [name, role] of [
    ["coder", "operator"],
    ["second", "operator"],
    ["third", "agent"],
  ] as const) {
    const [ticket, { signer }] = [testSigner(`ticket of ${name}`), authorOf(name)];
    write("owner", "mesh", { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1_000 });
    const proof = ticket.sign(joinProofBytes({ mesh, key: signer.publicKey, name }));
    write("owner", "mesh", { kind: "member.join", key: signer.publicKey, name, ticket: ticket.publicKey, proof });
  }
  const feature = (tip: string, epoch: number) => ({
    featureBranch: `skein/${ITEM}/${epoch}`,
    tip,
    tree: BRANCH_TREE,
    commitsAhead: 1,
  });
  const create = { title: "Story", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
  write("owner", ITEM, { kind: "item.create", ...create });
  write("owner", ITEM, { kind: "item.start" });
  /** Gives the claim, so that somebody else's can stand beside what it brought. */
  const submit = (tip: string, epoch: number, by: Name = "coder"): string => {
    const claim = write(by, ITEM, { kind: "item.claim", ttl: 1_000 });
    write(by, ITEM, { kind: "item.submit", feature: feature(tip, epoch) });
    return claim;
  };
  const first = submit(TIP, 1);
  const item = (): LiveItem => {
    const found = replica.view().items.get(ITEM);
    if (found === undefined || !isLive(found)) throw new Error("the item is gone");
    return found;
  };
  const attest = (by: Name, exitCode: number, more: { tree?: string; argv?: readonly string[] } = {}): void => {
    const { tree = TREE, argv = ["check"] } = more;
    const runs = [{ argv, exitCode, durationMs: 1, outputDigest: "0".repeat(64) }];
    write(by, ITEM, { kind: "item.attest", tip: TIP, base: TIP, evidence: { tree, runs } });
  };
  const approve = (by: Name, named: { tip?: string; tree?: string } = {}): string =>
    write(by, ITEM, { kind: "item.approve", tip: TIP, tree: BRANCH_TREE, note: "", by: "", ...named });
  const pass = (): string => write("coder", ITEM, { kind: "item.pass", evidence: { tree: TREE, runs: [] } });
  const decideApprove = (by: Name, qa: QaPolicy, tip?: string): string => {
    const decided = decide(
      { name: "item.approve", input: { item: ITEM, note: "", tip } },
      {
        view: replica.view(),
        heads: replica.heads(),
        self: idOf(by),
        role: "operator",
        wallMs,
        idBytes: new Uint8Array(8),
        ticketKey: new Uint8Array(32),
        pairingHash: new Uint8Array(32),
        by: "",
        qa,
      },
    );
    return decided.ok ? "done" : decided.error.message;
  };
  return { write, submit, first, feature, item, attest, approve, pass, decideApprove };
}

/** As the board says it. */
const isShownAwaited = (item: LiveItem): boolean => {
  const naming = { nameOf: String, isExpired: () => false, activityOf: () => "", landingOf: () => unverified };
  return projectItem(item, { ...naming, qa: () => HUMAN }).awaitsPerson;
};

test("a person is asked once the gate has been run, and their word is good for the branch that they have named", () => {
  const { item, attest, approve, write, submit } = worldOf();
  expect(awaitedOf(item(), HUMAN).person).toBe(false);
  attest("coder", 0);
  expect(awaitedOf(item(), HUMAN).person).toBe(true);
  expect(isShownAwaited(item())).toBe(true);
  approve("second");
  expect(awaitedOf(item(), HUMAN).person).toBe(false);
  expect(isShownAwaited(item())).toBe(false);
  // The next attempt is another branch.
  write("owner", ITEM, { kind: "item.sendBack", reason: "person", note: "no", progress: false, evidence: [] });
  submit(OLDER, 2);
  write("coder", ITEM, {
    kind: "item.attest",
    tip: OLDER,
    base: TIP,
    evidence: { tree: TREE, runs: [] },
  });
  expect(awaitedOf(item(), HUMAN).person).toBe(true);
});

test("approvals by a node without the role, of another tip, or of another tree have no effect", () => {
  const { item, attest, approve } = worldOf();
  attest("coder", 0);
  approve("third");
  approve("second", { tip: OLDER });
  approve("second", { tree: OLDER });
  expect(item().annotations.approvals).toEqual([]);
  expect(awaitedOf(item(), HUMAN).person).toBe(true);
});

test("with four eyes the coder's own node approves nothing, and hears why; whoever else may", () => {
  const policy = { ...HUMAN, fourEyes: true };
  const { item, attest, approve, decideApprove } = worldOf();
  attest("coder", 0);
  expect(decideApprove("coder", policy)).toContain(`Item ${ITEM} was coded by coder`);
  expect(decideApprove("coder", HUMAN)).toBe("done");
  // Also when it writes the op all the same.
  approve("coder");
  expect(awaitedOf(item(), HUMAN).person).toBe(false);
  expect(awaitedOf(item(), policy)).toMatchObject({ person: true, notBy: [idOf("coder")] });
  expect(waitingFor(awaitedOf(item(), policy), { nameOf: () => "coder" })).toBe(
    "it waits for a person other than coder who approves or rejects it",
  );
  expect(decideApprove("second", policy)).toBe("done");
  approve("second");
  expect(awaitedOf(item(), policy).person).toBe(false);
  expect(decideApprove("owner", policy)).toContain("is approved already");
});

/** The owner loses patience, takes the claim over and finds what the coder has submitted meanwhile. */
function adopted(world: ReturnType<typeof worldOf>): void {
  const { write, first, feature } = world;
  write("owner", ITEM, { kind: "item.claim", ttl: 1_000 }, first);
  write("owner", ITEM, { kind: "item.submit", feature: feature(TIP, 1) });
}

test("with four eyes neither who made the branch nor who took it over approves it, and whoever else may", () => {
  const policy = { ...HUMAN, fourEyes: true };
  const world = worldOf();
  const { item, attest, approve, decideApprove } = world;
  adopted(world);
  attest("owner", 0);
  expect(decideApprove("coder", policy)).toContain(`Item ${ITEM} was coded by`);
  expect(decideApprove("owner", policy)).toContain(`Item ${ITEM} was coded by`);
  approve("coder");
  approve("owner");
  const awaited = awaitedOf(item(), policy);
  expect(awaited).toMatchObject({ person: true });
  expect(awaited.notBy).toEqual([idOf("owner"), idOf("coder")].toSorted());
  const nameOf = (id: string): string => NAMES.find((name) => idOf(name) === id) ?? "";
  expect(waitingFor(awaited, { nameOf })).toMatch(/a person other than (owner and coder|coder and owner) who approves/);
  expect(isApproved(item(), policy)).toBe(false);
  expect(decideApprove("second", policy)).toBe("done");
  approve("second");
  expect(awaitedOf(item(), policy).person).toBe(false);
});

test("who made a branch is no witness of it after somebody else took it over", () => {
  const policy = { ...PLAIN, witnesses: 1 };
  const world = worldOf();
  const { item, attest, write } = world;
  adopted(world);
  write("owner", ITEM, { kind: "item.pass", evidence: { tree: TREE, runs: [] } });
  attest("owner", 0);
  attest("coder", 0);
  expect(awaitedOf(item(), policy, TREE)).toMatchObject({ witnesses: 1 });
  expect([...awaitedOf(item(), policy, TREE).not].toSorted()).toEqual([idOf("owner"), idOf("coder")].toSorted());
  attest("second", 0);
  expect(awaitedOf(item(), policy, TREE)).toMatchObject({ witnesses: 0 });
});

test("everybody on whose unfinished work a branch goes on has coded it, until an attempt began afresh", () => {
  const { item, write, submit, feature } = worldOf();
  const back = { kind: "item.sendBack", reason: "person", note: "no", progress: false, evidence: [] } as const;
  write("owner", ITEM, back);
  const leave = (by: Name, tip: string, epoch: number): void => {
    write(by, ITEM, { kind: "item.claim", ttl: 1_000 });
    write(by, ITEM, { kind: "item.release", note: "", left: feature(tip, epoch) });
  };
  leave("coder", "5".repeat(40), 1);
  leave("second", OLDER, 1);
  submit(TREE, 1, "third");
  expect([...codersOf(item())].toSorted()).toEqual([idOf("coder"), idOf("second"), idOf("third")].toSorted());
  // What was refused is not gone on with.
  write("owner", ITEM, back);
  submit(OLDER, 1, "owner");
  expect([...codersOf(item())].toSorted()).toEqual([idOf("owner"), idOf("second")].toSorted());
});

test("nobody is made a coder by what somebody else writes", () => {
  const { item, write, first, feature, submit } = worldOf();
  const left = { kind: "item.release", note: "", left: feature(TIP, 1) } as const;
  // Not its claim, so it has no effect.
  write("third", ITEM, { kind: "item.submit", feature: feature(TIP, 1) }, first);
  write("third", ITEM, left, first);
  expect([...codersOf(item())]).toEqual([idOf("coder")]);
  // An operator may send back what somebody else holds, and says itself what is left of it.
  write("owner", ITEM, { kind: "item.sendBack", reason: "infrastructure", note: "", progress: false, evidence: [] });
  write("third", ITEM, { kind: "item.claim", ttl: 1_000 });
  const reason = { reason: "infrastructure", note: "", progress: false, evidence: [] } as const;
  write("second", ITEM, { kind: "item.sendBack", ...reason, left: feature(OLDER, 1) });
  submit(TREE, 1, "owner");
  expect([...codersOf(item())].toSorted()).toEqual([idOf("owner"), idOf("second")].toSorted());
});

test("an approval that names a tip is refused when the branch is at another one by now", () => {
  const { decideApprove } = worldOf();
  expect(decideApprove("second", HUMAN, TIP.slice(0, 8))).toBe("done");
  expect(decideApprove("second", HUMAN, OLDER.slice(0, 8))).toContain("Look at it again");
});

test("an item that was passed by hand waits for its person in Merge, with no evidence at all", () => {
  const { item, pass } = worldOf();
  pass();
  expect(awaitedOf(item(), HUMAN).person).toBe(true);
});

test("whatever the coder signs is no witness, and neither is what another node saw of another tree", () => {
  const policy = { ...PLAIN, witnesses: 2 };
  const { item, attest, pass } = worldOf();
  pass();
  attest("coder", 0);
  attest("coder", 0, { tree: OLDER });
  expect(awaitedOf(item(), policy, TREE).witnesses).toBe(2);
  attest("second", 0, { tree: OLDER });
  expect(awaitedOf(item(), policy, TREE)).toMatchObject({ witnesses: 2, on: { tree: TREE } });
  attest("second", 0);
  attest("second", 0);
  expect(awaitedOf(item(), policy, TREE).witnesses).toBe(1);
  attest("third", 0);
  expect(awaitedOf(item(), policy, TREE)).toMatchObject({ witnesses: 0, person: false });
});

test("nobody skips a gate because of what a third node has signed", () => {
  const { item, attest } = worldOf();
  attest("third", 0);
  expect(greenOn(item(), TREE, idOf("second"))).toEqual([]);
  attest("coder", 0, { tree: OLDER });
  expect(greenOn(item(), TREE, idOf("second"))).toEqual([]);
  attest("coder", 0);
  expect(greenOn(item(), TREE, idOf("second"))).toHaveLength(1);
  // Its own word counts for a node, too.
  expect(greenOn(item(), TREE, idOf("third"))).toHaveLength(2);
  attest("coder", 1);
  expect(greenOn(item(), TREE, idOf("second"))).toEqual([]);
});

test("a witness that sees red is none, and a person decides whom to believe", () => {
  const policy = { ...PLAIN, witnesses: 1 };
  const { item, attest, pass, approve } = worldOf();
  pass();
  attest("coder", 0);
  attest("second", 1);
  expect(awaitedOf(item(), policy, TREE)).toMatchObject({ witnesses: 1, person: true });
  approve("owner");
  expect(awaitedOf(item(), policy, TREE)).toMatchObject({ witnesses: 0, person: false });
});

test("without witnesses nobody is asked about nodes that saw different things", () => {
  const { item, attest, pass } = worldOf();
  pass();
  attest("coder", 0);
  attest("second", 1);
  expect(awaitedOf(item(), PLAIN)).toMatchObject({ witnesses: 0, person: false });
});

test("a review without a verdict asks for a person, a command that happens to exit like one does not", () => {
  const { item, attest } = worldOf();
  attest("coder", NO_VERDICT);
  expect(awaitedOf(item(), PLAIN).person).toBe(false);
  attest("second", NO_VERDICT, { argv: [REVIEW, "reviewer"] });
  expect(awaitedOf(item(), PLAIN).person).toBe(true);
});

test("a mesh with too few nodes says so", () => {
  const policy = { ...PLAIN, witnesses: 3 };
  const { item, attest, pass } = worldOf();
  pass();
  attest("coder", 0);
  const able = NAMES.map(idOf);
  expect(waitingFor(awaitedOf(item(), policy), { able })).toBe("it waits for 3 more nodes to run the gate on its tree");
  expect(waitingFor(awaitedOf(item(), policy), { able: able.slice(0, 2) })).toContain(
    ", and the mesh has only 1 that could",
  );
});
