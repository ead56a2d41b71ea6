/**
 * Who may do what: every role writes every kind of op straight into its log, past the command that would refuse it, and
 * every receiver judges it by itself. Only the allowed cells change what the mesh means, on all receivers alike.
 */
import {
  assert,
  CHAT_ENTITY,
  type ChatBody,
  commandIdOf,
  digestOf,
  isLive,
  joinProofBytes,
  type OpBody,
  proveRotation,
  type Role,
  ROLES,
  type StageBody,
  storyDraft,
  toHex,
  type View,
} from "@skein/core";
import { CHAT_SAMPLES, testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { KINDS } from "./op-kinds.ts";
import { createMesh, digest, exchangeAll, type Mesh, type Node, writeDrafts } from "./mesh.ts";

const OID = "c0ffee".padEnd(40, "0");
const ITEM = "0123456789ab";
/** The places in the mesh whose nodes write; the founder's is not one, as nobody may touch it. */
const WRITER: Readonly<Record<Role, number>> = { owner: 1, operator: 2, agent: 3, observer: 6 };
const VICTIM = 5;

const NOBODY: readonly Role[] = [];
const OPERATORS: readonly Role[] = ["operator", "owner"];
const WORKERS: readonly Role[] = ["agent", "operator", "owner"];

interface Cell {
  readonly kind: OpBody["kind"];
  /** What tells two cells of one kind apart. */
  readonly about?: string;
  readonly allowed: readonly Role[];
  /** Where the item stands, for ops of an item. */
  readonly stage?: "none" | "Backlog" | "Coding" | "Qa" | "Archived";
  /** The writer holds the item's claim. */
  readonly holds?: boolean;
  /** Who has asked the question "q001" about the item before; the op then builds on that question. */
  readonly asked?: "by the founder" | "by the writer";
  /** Chat ops that are there before. */
  readonly before?: readonly ChatBody["kind"][];
  readonly body: (mesh: Mesh, writer: Node) => OpBody;
}

const feature = { featureBranch: `skein/${ITEM}/1`, tip: OID, tree: OID, commitsAhead: 1 };
const ticket = testSigner("the ticket of the matrix");
const newcomer = testSigner("the newcomer of the matrix");

const ASK = { kind: "item.ask", question: "q001", text: "Which port?", options: ["80", "443"] } as const;
const ANSWER = { kind: "item.answer", question: "q001", text: "443", by: "" } as const;
const UNASK = { kind: "item.unask", question: "q001", note: "" } as const;
const SPEND = {
  kind: "item.spend",
  day: "2026-11-21",
  agent: "",
  models: new Map([["", new Map([["microUsd", 1]])]]),
  reserved: 0,
} as const;

const item = (body: StageBody, cell: Omit<Cell, "kind" | "body">): Cell => ({
  kind: body.kind,
  body: () => body,
  ...cell,
});

/** The founder writes the samples in `before` first, so that there is something to change. */
const spend = (about: string, allowed: readonly Role[], more: Pick<Cell, "stage" | "holds">): Cell => ({
  kind: "item.spend",
  about,
  allowed,
  ...more,
  body: () => SPEND,
});
const chat = (
  kind: ChatBody["kind"],
  cell: Partial<Omit<Cell, "kind" | "body">> & { readonly as?: ChatBody } = {},
): Cell => ({
  kind,
  allowed: OPERATORS,
  body: () => cell.as ?? CHAT_SAMPLES[kind],
  ...cell,
});

const { account, event } = CHAT_SAMPLES["chat.receive"];
const settle: ChatBody = {
  ...CHAT_SAMPLES["chat.settle"],
  command: commandIdOf(account, event, (bytes) => testCrypto.sha256(bytes)),
};

const CELLS: readonly Cell[] = [
  { kind: "mesh.genesis", allowed: NOBODY, body: () => ({ kind: "mesh.genesis", name: "mine", owner: "me" }) },
  {
    kind: "member.invite",
    allowed: OPERATORS,
    body: () => ({ kind: "member.invite", ticket: testSigner("another").publicKey, role: "observer", expires: 1 }),
  },
  {
    kind: "member.join",
    about: "of a newcomer with a ticket",
    allowed: ROLES,
    body: (mesh) => {
      const [key, name] = [newcomer.publicKey, "newcomer"];
      const proof = ticket.sign(joinProofBytes({ mesh: mesh.id, key, name }));
      return { kind: "member.join", key, name, ticket: ticket.publicKey, proof };
    },
  },
  {
    kind: "member.join",
    about: "of a newcomer without a ticket",
    allowed: NOBODY,
    body: () => {
      const proof = newcomer.sign(new Uint8Array());
      return { kind: "member.join", key: newcomer.publicKey, name: "newcomer", ticket: newcomer.publicKey, proof };
    },
  },
  {
    kind: "member.rotate",
    about: "of one's own key",
    allowed: ROLES,
    body: (mesh, writer) => {
      const { to: key, consent, proof } = proveRotation(mesh.id, writer.signer, newcomer);
      return { kind: "member.rotate", key, cut: new Map(), consent, proof };
    },
  },
  {
    kind: "member.rotate",
    about: "of somebody else's key",
    allowed: NOBODY,
    body: (mesh) => {
      const { to: key, consent, proof } = proveRotation(mesh.id, nodeAt(mesh, 0).signer, newcomer);
      return { kind: "member.rotate", key, cut: new Map(), consent, proof };
    },
  },
  {
    kind: "member.remove",
    about: "of an agent",
    allowed: OPERATORS,
    body: (mesh) => {
      const key = nodeAt(mesh, VICTIM).signer.publicKey;
      return { kind: "member.remove", key, cut: new Map(), note: "" };
    },
  },
  {
    kind: "member.remove",
    about: "of the founder",
    allowed: NOBODY,
    body: (mesh) => ({ kind: "member.remove", key: nodeAt(mesh, 0).signer.publicKey, cut: new Map(), note: "" }),
  },
  {
    kind: "mesh.checkpoint",
    allowed: OPERATORS,
    body: () => ({ kind: "mesh.checkpoint", tips: [], ops: 1 }),
  },
  {
    kind: "project.set",
    allowed: OPERATORS,
    body: () => ({ kind: "project.set", name: "demo", remote: "/evil", base: "main", config: "" }),
  },
  {
    kind: "queue.set",
    allowed: OPERATORS,
    body: () => ({ kind: "queue.set", name: "demo", mode: "paused", note: "" }),
  },
  { kind: "work.set", allowed: OPERATORS, body: () => ({ kind: "work.set", member: "", mode: "leaving", note: "" }) },
  {
    kind: "work.set",
    about: "of oneself",
    allowed: WORKERS,
    body: (_mesh, writer) => {
      const member = toHex(writer.signer.publicKey);
      return { kind: "work.set", member, mode: "draining", note: "" };
    },
  },
  {
    kind: "budget.set",
    allowed: OPERATORS,
    body: () => ({ kind: "budget.set", from: "2026-11-21", microUsd: [7], shares: new Map() }),
  },
  {
    kind: "budget.transfer",
    allowed: WORKERS,
    body: () => ({ kind: "budget.transfer", day: "2026-11-21", to: newcomer.publicKey, microUsd: 7 }),
  },
  {
    kind: "item.create",
    allowed: OPERATORS,
    stage: "none",
    body: () => ({
      kind: "item.create",
      title: "new",
      text: "",
      type: "story",
      priority: 5,
      labels: [],
      dependsOn: [],
    }),
  },
  {
    kind: "item.set",
    allowed: OPERATORS,
    stage: "Coding",
    body: () => ({ kind: "item.set", field: "title", value: "mine" }),
  },
  { kind: "item.write", allowed: OPERATORS, stage: "Backlog", body: (_mesh, writer) => typed(writer, writer) },
  {
    kind: "item.write",
    about: "under another one's client",
    allowed: NOBODY,
    stage: "Backlog",
    body: (mesh, writer) => typed(writer, nodeAt(mesh, writer === nodeAt(mesh, 1) ? 0 : 1)),
  },
  { kind: "item.delete", allowed: OPERATORS, stage: "Coding", body: () => ({ kind: "item.delete", note: "" }) },
  item({ kind: "item.start" }, { allowed: OPERATORS, stage: "Backlog" }),
  item({ kind: "item.shelve", note: "" }, { allowed: OPERATORS, stage: "Coding" }),
  item({ kind: "item.claim", ttl: 1_000 }, { allowed: WORKERS, stage: "Coding" }),
  item({ kind: "item.release", note: "" }, { allowed: NOBODY, stage: "Qa" }),
  item({ kind: "item.release", note: "" }, { allowed: WORKERS, stage: "Qa", holds: true }),
  item({ kind: "item.submit", feature }, { allowed: NOBODY, stage: "Coding" }),
  item({ kind: "item.submit", feature }, { allowed: WORKERS, stage: "Coding", holds: true }),
  item({ kind: "item.pass", evidence: { tree: OID, runs: [] } }, { allowed: NOBODY, stage: "Qa" }),
  item({ kind: "item.pass", evidence: { tree: OID, runs: [] } }, { allowed: WORKERS, stage: "Qa", holds: true }),
  item(
    { kind: "item.sendBack", reason: "gate-failed", note: "", progress: false, evidence: [] },
    { allowed: OPERATORS, stage: "Qa" },
  ),
  item(
    { kind: "item.sendBack", reason: "gate-failed", note: "", progress: false, evidence: [] },
    { allowed: WORKERS, stage: "Qa", holds: true },
  ),
  item({ kind: "item.land", commit: OID, at: 7 }, { allowed: WORKERS, stage: "Qa" }),
  item({ kind: "item.archive", reason: "Abandoned", note: "" }, { allowed: OPERATORS, stage: "Qa" }),
  item({ kind: "item.archive", reason: "Blocked", note: "" }, { about: "Blocked", allowed: OPERATORS, stage: "Qa" }),
  item(
    { kind: "item.archive", reason: "Blocked", note: "" },
    { about: "Blocked", allowed: WORKERS, stage: "Qa", holds: true },
  ),
  item({ kind: "item.restore", note: "" }, { allowed: OPERATORS, stage: "Archived" }),
  {
    kind: "item.note",
    allowed: OPERATORS,
    stage: "Coding",
    body: () => ({ kind: "item.note", note: "0123456789abcdef", text: "see the log", by: "" }),
  },
  {
    kind: "item.comment",
    allowed: OPERATORS,
    stage: "Coding",
    holds: true,
    body: () => ({
      kind: "item.comment",
      comment: "0123456789abcdef",
      text: "too long",
      by: "",
      epoch: 1,
      commit: "",
      path: "src/a.ts",
      line: 3,
    }),
  },
  {
    kind: "item.attest",
    allowed: WORKERS,
    stage: "Qa",
    body: () => ({ kind: "item.attest", tip: OID, base: OID, evidence: { tree: OID, runs: [] } }),
  },
  {
    kind: "item.artifact",
    allowed: WORKERS,
    stage: "Coding",
    body: () => ({ kind: "item.artifact", project: "demo", epoch: 1, commit: "", copies: 2, files: [] }),
  },
  {
    kind: "item.approve",
    allowed: OPERATORS,
    stage: "Qa",
    body: () => ({ kind: "item.approve", tip: OID, tree: OID, note: "", by: "" }),
  },
  spend("of another one's attempt", NOBODY, { stage: "Coding" }),
  spend("that builds on no claim", NOBODY, { stage: "Qa", holds: false }),
  spend("of one's own attempt", WORKERS, { stage: "Coding", holds: true }),
  { kind: "item.ask", allowed: WORKERS, stage: "Coding", body: () => ({ ...ASK, question: "q002" }) },
  { kind: "item.answer", allowed: OPERATORS, stage: "Coding", asked: "by the founder", body: () => ANSWER },
  {
    kind: "item.answer",
    about: "that is not one of the options",
    allowed: NOBODY,
    stage: "Coding",
    asked: "by the founder",
    body: () => ({ ...ANSWER, text: "22" }),
  },
  {
    kind: "item.answer",
    about: "to one's own question",
    allowed: WORKERS,
    stage: "Coding",
    asked: "by the writer",
    body: () => ANSWER,
  },
  { kind: "item.answer", about: "to nothing", allowed: NOBODY, stage: "Coding", body: () => ANSWER },
  { kind: "item.unask", allowed: NOBODY, stage: "Coding", asked: "by the founder", body: () => UNASK },
  {
    kind: "item.unask",
    about: "of one's own question",
    allowed: WORKERS,
    stage: "Coding",
    asked: "by the writer",
    body: () => UNASK,
  },
  chat("lease.claim"),
  chat("lease.release", { about: "of another one's lease", allowed: NOBODY, before: ["lease.claim"] }),
  chat("chat.receive"),
  chat("chat.settle", { before: ["chat.receive"], as: settle }),
  chat("chat.sent"),
  chat("chat.spend"),
  chat("notice.set"),
  chat("person.invite"),
  chat("person.invite", {
    about: "as an owner",
    allowed: ["owner"],
    as: { ...CHAT_SAMPLES["person.invite"], role: "owner" },
  }),
  chat("person.link", { before: ["person.invite"] }),
  chat("person.unlink", { before: ["person.invite", "person.link"] }),
  chat("person.role", { before: ["person.invite"] }),
  chat("timer.set"),
  chat("timer.plan"),
  chat("timer.fire"),
  chat("timer.cancel", { before: ["timer.set"] }),
];

/** An edit of the story by the writer, under the client that is `as`'s. */
function typed({ replica }: Node, as: Node): OpBody {
  const item = replica.view().items.get(ITEM);
  assert(item !== undefined && isLive(item), "the item was made before");
  const feed = { author: as.key, incarnation: toHex(as.incarnation) };
  return storyDraft(item, "text", "mine", { feed, session: 7, crypto: testCrypto }).body;
}

function nodeAt(mesh: Mesh, place: number): Node {
  const node = mesh.nodes[place];
  if (node === undefined) throw new Error(`there is no node ${place}`);
  return node;
}

const write = (mesh: Mesh, node: Node, body: OpBody, on: string | null): void =>
  writeDrafts(mesh, node, [{ entity: entityOf(body), on, body }]);

const entityOf = ({ kind }: OpBody): string =>
  kind.startsWith("item.") ? ITEM : Object.hasOwn(CHAT_SAMPLES, kind) ? CHAT_ENTITY : "mesh";

const headOf = (node: Node): string | null => node.replica.view().items.get(ITEM)?.best?.id ?? null;

const questionOf = ({ replica }: Node): string | null =>
  replica.view().items.get(ITEM)?.annotations.questions.get(ASK.question)?.id ?? null;

/** The founder brings the item where the cell wants it; the writer then takes the claim, if it may. */
function prepare(mesh: Mesh, writer: Node, { stage, holds, asked, before = [] }: Cell): void {
  const founder = nodeAt(mesh, 0);
  for (const kind of before) write(mesh, founder, CHAT_SAMPLES[kind], null);
  write(mesh, founder, { kind: "member.invite", ticket: ticket.publicKey, role: "agent", expires: 9 }, null);
  const toCoding: readonly StageBody[] = [{ kind: "item.start" }, { kind: "item.claim", ttl: 1_000 }];
  const steps: Readonly<Record<NonNullable<Cell["stage"]>, readonly StageBody[]>> = {
    none: [],
    Backlog: [],
    Coding: toCoding,
    Qa: [...toCoding, { kind: "item.submit", feature }],
    Archived: [{ kind: "item.archive", reason: "Abandoned", note: "" }],
  };
  if (stage !== undefined && stage !== "none") {
    const born = { title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
    write(mesh, founder, { kind: "item.create", ...born }, null);
    for (const body of steps[stage]) write(mesh, founder, body, headOf(founder));
  }
  exchangeAll(mesh);
  if (holds === true) write(mesh, writer, { kind: "item.claim", ttl: 1_000 }, headOf(writer));
  const asker = asked === "by the writer" ? writer : founder;
  if (asked !== undefined) write(mesh, asker, ASK, headOf(asker));
  exchangeAll(mesh);
}

/** The digest of what counts: ops that were kept and have no effect are left out of it. */
function meaningOf({ replica }: Node): string {
  const { items, membership, chat } = replica.view();
  const counting = [...items].map(([id, history]) => {
    const entries = [...history.entries].filter(([, entry]) => entry.outcome.type !== "rejected");
    return [id, { ...history, entries: new Map(entries) }] as const;
  });
  const view: View = {
    items: new Map(counting.filter(([, { entries }]) => entries.size > 0)),
    membership: { ...membership, rejected: new Map() },
    chat,
  };
  // Checkpoints change nothing that is folded, so the digest leaves them out.
  return `${digestOf(view, testCrypto)} ${membership.checkpoints.length}`;
}

const cells = CELLS.flatMap((cell) =>
  ROLES.map((role) => ({
    cell,
    role,
    allowed: cell.allowed.includes(role),
    name: [cell.kind, cell.about, cell.holds === true ? "as the holder" : undefined].filter((one) => one).join(" "),
  })),
);

test("every kind of op has a cell for every role", () => {
  expect([...new Set(cells.map(({ cell }) => cell.kind))].toSorted()).toEqual(Object.keys(KINDS).toSorted());
  expect(cells).toHaveLength(CELLS.length * ROLES.length);
});

test.each(cells)("$name by an $role has an effect on every receiver: $allowed", ({ cell, role, allowed }) => {
  const mesh = createMesh({ seed: 1, size: 7 });
  const writer = nodeAt(mesh, WRITER[role]);
  prepare(mesh, writer, cell);
  const before = mesh.nodes.map(meaningOf);
  expect(new Set(before).size).toBe(1);
  const isFirst = cell.stage === undefined || cell.stage === "none";
  const on = cell.asked === undefined ? headOf(writer) : questionOf(writer);
  write(mesh, writer, cell.body(mesh, writer), isFirst ? null : on);
  exchangeAll(mesh);
  // A receiver of every role is among them, and each holds the op.
  for (const [place, node] of mesh.nodes.entries()) {
    expect([node.name, meaningOf(node) !== before[place]]).toEqual([node.name, allowed]);
  }
  expect(new Set(mesh.nodes.map(({ replica }) => replica.opCount())).size).toBe(1);
  expect(new Set(mesh.nodes.map(({ replica }) => digest(replica))).size).toBe(1);
});
