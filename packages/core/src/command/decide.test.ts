/** What each command wants written, and why it is refused. */
import { expect, test } from "vitest";

import { CHAT_ENTITY } from "../chat/chat-fold.ts";
import { digestOf } from "../fold/digest.ts";
import { MESH_ENTITY } from "../fold/fold.ts";
import type { Stage } from "../fold/stage.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Draft, type Replica } from "../log/replica.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import { type Role, ROLES } from "../member/role.ts";
import type { MeshBody, StageBody } from "../op/bodies.ts";
import { proveRotation } from "../member/rotation-proof.ts";
import { COMMAND_INPUTS, CHAT_SAMPLES, testCrypto, testSigner } from "../testing/index.ts";
import { unverified } from "../view/landing.ts";
import { query } from "../view/queries.ts";
import { decide, itemIdFrom } from "./decide.ts";
import type { DecideContext, Decision } from "./deciding.ts";
import { findItem } from "./find.ts";
import { parseCommand } from "./parse.ts";
import { type CommandName, COMMANDS } from "./registry.ts";

const signer = testSigner("decider");
const me = { signer, incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(signer.publicKey);
const OID = "c".repeat(40);

const worldOf = (): Replica => {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "first", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  return replica;
};

let draws = 0;

const contextOf = (replica: Replica, role: Role = "owner"): DecideContext => ({
  view: replica.view(),
  heads: replica.heads(),
  self: SELF,
  role,
  wallMs: 1_000,
  idBytes: testCrypto.sha256(Uint8Array.of(draws++ & 255, draws >> 8)).slice(0, 8),
  ticketKey: testSigner("a fresh ticket").publicKey,
  pairingHash: new Uint8Array(32),
  by: "",
  calendar: { momentOf: () => ({ ok: true, value: 2_000 }), firstOf: () => ({ ok: true, value: 2_000 }) },
  rotation: proveRotation(replica.mesh, signer, testSigner("the next key")),
});

type Outcome = Decision | { readonly code: string; readonly message: string };

function run(replica: Replica, name: CommandName, input: unknown, role: Role = "owner"): Outcome {
  const parsed = parseCommand(name, input);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const decided = decide(parsed.value.command, contextOf(replica, role));
  if (!decided.ok) return decided.error;
  replica.write(decided.value.drafts, me, 1_000);
  return decided.value;
}

const codeOf = (outcome: Outcome): string => ("code" in outcome ? outcome.code : "done");

const add = (replica: Replica, title: string, more: object = {}): string => {
  const outcome = run(replica, "item.add", { title, ...more });
  if ("code" in outcome || outcome.item === null) throw new Error("not added");
  return outcome.item;
};

const event = (replica: Replica, item: string, body: StageBody): void => {
  const on = replica.view().items.get(item)?.best?.id ?? null;
  replica.write([{ entity: item, on, body }], me, 1_000);
};

const stageOf = (replica: Replica, item: string): Stage | undefined =>
  replica.view().items.get(item)?.best?.state.stage.stage;

/** An item brought into each stage by the events that lead there. */
function itemIn(stage: Stage, replica: Replica): string {
  const item = add(replica, `in ${stage}`, { start: stage !== "Backlog" });
  const feature = { featureBranch: `skein/${item}/1`, tip: OID, tree: OID, commitsAhead: 1 };
  const path: readonly StageBody[] = [
    { kind: "item.claim", ttl: 1_000 },
    { kind: "item.submit", feature },
    { kind: "item.pass", evidence: { tree: OID, runs: [] } },
    { kind: "item.land", commit: OID, at: 5 },
  ];
  const steps: Record<Stage, readonly StageBody[]> = {
    Backlog: [],
    Coding: [],
    Qa: path.slice(0, 2),
    Merge: path.slice(0, 3),
    Done: path,
    Archived: [{ kind: "item.archive", reason: "Abandoned", note: "" }],
  };
  for (const body of steps[stage]) event(replica, item, body);
  expect(stageOf(replica, item)).toBe(stage);
  return item;
}

// ── every command is somebody's ─────────────────────────────────────────────────────────────────────────────────────

/** A new command breaks the build here. */
const INPUTS: Record<CommandName, (item: string) => object> = COMMAND_INPUTS;

type Starts = Partial<Record<CommandName, Stage>>;

test("every command either writes, is answered from the view, or asks the node, as the registry says", () => {
  for (const { name, effect } of COMMANDS) {
    const replica = worldOf();
    joined(replica, "second", "agent");
    const second = [...replica.view().membership.members.values()].find((one) => one.name === "second")?.id ?? "";
    const starts: Starts = {
      "item.approve": "Qa",
      "item.comment": "Qa",
      "item.reject": "Qa",
      "item.restore": "Archived",
    };
    const item = itemIn(starts[name] ?? "Backlog", replica);
    const ask = { kind: "item.ask", question: "q001", text: "Which port?", options: [] } as const;
    const on = replica.view().items.get(item)?.best?.id ?? null;
    const invited = { entity: CHAT_ENTITY, on: null, body: CHAT_SAMPLES["person.invite"] };
    const timer = { entity: CHAT_ENTITY, on: null, body: CHAT_SAMPLES["timer.set"] };
    const mesh = (body: MeshBody): Draft => ({ entity: "mesh", on: null, body });
    const project = mesh({ kind: "project.set", name: "demo", remote: "/r", base: "main", config: "" });
    const paused = mesh({ kind: "queue.set", name: "demo", mode: "paused", note: "" });
    const frozen = mesh({ kind: "work.set", member: "", mode: "draining", note: "" });
    const drained = mesh({ kind: "work.set", member: second, mode: "draining", note: "" });
    const drafts = [{ entity: item, on, body: ask }, invited, timer, project, paused, frozen, drained];
    replica.write(drafts, me, 1_000);
    const parsed = parseCommand(name, INPUTS[name](item));
    if (!parsed.ok) throw new Error(parsed.error.message);
    const decided = decide(parsed.value.command, contextOf(replica));
    const facts = { view: replica.view(), heads: replica.heads(), opCount: replica.opCount(), today: "2026-11-21" };
    const naming = { nameOf: String, isExpired: () => false, activityOf: () => "", landingOf: () => unverified };
    const answered = query(parsed.value.command, { ...facts, naming, crypto: testCrypto });
    expect([name, decided.ok && decided.value.drafts.length > 0]).toEqual([name, effect === "writes"]);
    expect([name, answered?.ok]).toEqual([name, effect === "reads" ? true : undefined]);
  }
});

test("a command needs the role that the registry says, and a refused one has no effect", () => {
  for (const { name, role: needed, words } of COMMANDS) {
    for (const role of ROLES) {
      const replica = worldOf();
      joined(replica, "second", "observer");
      const item = itemIn("Backlog", replica);
      const before = digestOf(replica.view(), testCrypto);
      const outcome = run(replica, name, INPUTS[name](item), role);
      const refused = ROLES.indexOf(role) < ROLES.indexOf(needed);
      const sentence = `${words.join(" ")} needs the role ${needed}; this node is ${role}.`;
      expect([name, role, "message" in outcome && outcome.message === sentence]).toEqual([name, role, refused]);
      expect(refused && digestOf(replica.view(), testCrypto) !== before).toBe(false);
    }
  }
});

// ── items ───────────────────────────────────────────────────────────────────────────────────────────────────────────

test("adding with start writes two ops, and the item is in Coding", () => {
  const replica = worldOf();
  const item = add(replica, "now", { start: true, priority: 7, labels: ["os=linux"] });
  expect(stageOf(replica, item)).toBe("Coding");
  expect(stageOf(replica, add(replica, "later"))).toBe("Backlog");
  expect(replica.view().items.get(item)?.registers).toMatchObject({
    priority: { value: 7 },
    labels: { value: ["os=linux"] },
  });
});

test("an item's id is 12 digits of its random bytes", () => {
  expect(itemIdFrom(new Uint8Array(8))).toBe("000000000000");
  expect(itemIdFrom(new Uint8Array(8).fill(255))).toBe("zzzzzzzzzzzz");
  expect(itemIdFrom(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toBe("8r1cg2g03g02");
  const ids = new Set(Array.from({ length: 200 }, (_, at) => itemIdFrom(testCrypto.sha256(Uint8Array.of(at)))));
  expect(ids.size).toBe(200);
  for (const id of ids) expect(id).toMatch(/^[0-9a-z]{12}$/);
  expect(() => itemIdFrom(new Uint8Array(7))).toThrow("8 random bytes");
});

const HOSTILE = [
  "bell\u0007",
  "two\nlines",
  "escape\u001b[2J",
  "half a pair \ud83e",
  "other half \udd17",
  "line\u2028separator",
  "nul\0",
];

test.each(HOSTILE)("a title, label or reason %o is refused", (text) => {
  const replica = worldOf();
  const item = add(replica, "plain");
  expect(codeOf(run(replica, "item.add", { title: `a${text}b` }))).toBe("bad-input");
  expect(codeOf(run(replica, "item.add", { title: "t", labels: ["ok", `a${text}b`] }))).toBe("bad-input");
  expect(codeOf(run(replica, "item.edit", { item, title: `a${text}b` }))).toBe("bad-input");
  expect(codeOf(run(replica, "item.edit", { item, labels: [`a${text}b`] }))).toBe("bad-input");
  expect(codeOf(run(replica, "item.hold", { item, reason: `a${text}b` }))).toBe("bad-input");
});

test("criteria are given with an item before anybody can take it, changed and taken away", () => {
  const replica = worldOf();
  const item = add(replica, "it", { criteria: "- it runs", start: true });
  const said = (): string | undefined => replica.view().items.get(item)?.registers?.criteria.value;
  expect(said()).toBe("- it runs");
  expect(stageOf(replica, item)).toBe("Coding");
  const kinds = [...(replica.view().items.get(item)?.entries.values() ?? [])].map(({ kind }) => kind);
  expect(kinds).toEqual(["item.create", "item.set", "item.start"]);
  expect(codeOf(run(replica, "item.edit", { item, criteria: "" }))).toBe("done");
  expect(said()).toBe("");
  expect(add(replica, "without", { criteria: "" })).not.toBe("");
});

test("two halves of a pair in neighboring labels are refused too", () => {
  expect(codeOf(run(worldOf(), "item.add", { title: "t", labels: ["\ud83e", "\uddf6"] }))).toBe("bad-input");
});

test.each(HOSTILE)("a text or note with %o is written and read back, never thrown over", (text) => {
  const replica = worldOf();
  const item = add(replica, "plain", { text: `\ufeff${text}${"x".repeat(80)}` });
  expect(replica.view().items.get(item)?.registers?.text.value).toContain("x".repeat(80));
  expect(codeOf(run(replica, "item.archive", { item, note: text }))).toBe("done");
  expect(stageOf(replica, item)).toBe("Archived");
});

test.each(["remote", "base"] as const)(
  "a project whose %s has control characters is refused, as the fold would not read it",
  (field) => {
    const replica = worldOf();
    const project = { name: "demo", remote: "origin", base: "main", config: "" };
    expect(codeOf(run(replica, "project.set", { ...project, [field]: "a\u001b[2Jb" }))).toBe("bad-input");
    expect(replica.view().membership.projects.size).toBe(0);
    expect(codeOf(run(replica, "project.set", project))).toBe("done");
    expect(replica.view().membership.projects.get("demo")).toEqual(project);
  },
);

test("an item is found by the beginning of its id, when that is one item's", () => {
  const replica = worldOf();
  const items = ["00aaaaaaaaaa", "00bbbbbbbbbb", "11cccccccccc"];
  for (const entity of items) {
    replica.write(
      [
        {
          entity,
          on: null,
          body: { kind: "item.create", title: entity, text: "", type: "story", priority: 1, labels: [], dependsOn: [] },
        },
      ],
      me,
      1,
    );
  }
  const find = (ref: string): string => {
    const found = findItem(replica.view(), ref);
    return found.ok ? found.value.id : found.error.code;
  };
  expect(find("11")).toBe("11cccccccccc");
  expect(find("00a")).toBe("00aaaaaaaaaa");
  expect(find("00bbbbbbbbbb")).toBe("00bbbbbbbbbb");
  expect(find("00")).toBe("ambiguous");
  expect(find("22")).toBe("not-found");
  const ambiguous = findItem(replica.view(), "00");
  expect(ambiguous.ok ? "" : ambiguous.error.message).toContain("00aaaaaaaaaa, 00bbbbbbbbbb");
  run(replica, "item.delete", { item: "00a" });
  expect(find("00aaaaaaaaaa")).toBe("not-found");
  expect(find("00")).toBe("00bbbbbbbbbb");
});

test("an edit writes one op per field that is given, and at least one", () => {
  const replica = worldOf();
  const [item, other] = [add(replica, "one"), add(replica, "two")];
  const outcome = run(replica, "item.edit", { item, title: "new", priority: 0, dependsOn: [other] });
  expect("drafts" in outcome && outcome.drafts.map((draft) => draft.body)).toEqual([
    { kind: "item.set", field: "title", value: "new" },
    { kind: "item.set", field: "priority", value: 0 },
    { kind: "item.set", field: "dependsOn", value: [other] },
  ]);
  expect(codeOf(run(replica, "item.edit", { item }))).toBe("bad-input");
});

test("an item does not depend on itself or on what does not exist", () => {
  const replica = worldOf();
  const item = add(replica, "one");
  expect(run(replica, "item.edit", { item, dependsOn: [item] })).toMatchObject({
    code: "bad-input",
    message: "An item cannot depend on itself.",
  });
  expect(codeOf(run(replica, "item.edit", { item, dependsOn: ["nothing"] }))).toBe("not-found");
  expect(codeOf(run(replica, "item.add", { title: "t", dependsOn: ["nothing"] }))).toBe("not-found");
});

test("a hold has a reason, and its end is the empty one", () => {
  const replica = worldOf();
  const item = add(replica, "one");
  const reason = (): string => replica.view().items.get(item)?.registers?.hold.value ?? "";
  run(replica, "item.hold", { item });
  expect(reason()).toBe("on hold");
  run(replica, "item.hold", { item, reason: "legal asks" });
  expect(reason()).toBe("legal asks");
  run(replica, "item.hold", { item, reason: "   " });
  expect(reason()).toBe("on hold");
  run(replica, "item.hold", { item, release: true });
  expect(reason()).toBe("");
});

/** Where `item move` takes an item from each stage, or the code of its refusal. */
const MOVES: Record<Stage, Record<string, Stage | "not-legal">> = {
  Backlog: {
    backlog: "not-legal",
    coding: "Coding",
    qa: "not-legal",
    merge: "not-legal",
    done: "not-legal",
    archived: "Archived",
  },
  Coding: {
    backlog: "Backlog",
    coding: "Coding",
    qa: "not-legal",
    merge: "not-legal",
    done: "not-legal",
    archived: "Archived",
  },
  Qa: {
    backlog: "Backlog",
    coding: "Coding",
    qa: "not-legal",
    merge: "not-legal",
    done: "not-legal",
    archived: "Archived",
  },
  Merge: {
    backlog: "Backlog",
    coding: "Coding",
    qa: "not-legal",
    merge: "not-legal",
    done: "not-legal",
    archived: "Archived",
  },
  Done: {
    backlog: "not-legal",
    coding: "not-legal",
    qa: "not-legal",
    merge: "not-legal",
    done: "not-legal",
    archived: "Archived",
  },
  Archived: {
    backlog: "Backlog",
    coding: "not-legal",
    qa: "not-legal",
    merge: "not-legal",
    done: "not-legal",
    archived: "not-legal",
  },
};

const moves = Object.entries(MOVES).flatMap(([from, row]) =>
  Object.entries(row).map(([to, expected]) => [from, to, expected] as const),
);

test.each(moves)("moving an item from %s to %s: %s", (from, to, expected) => {
  const replica = worldOf();
  // The keys of the table are stages.
  const item = itemIn(from as Stage, replica);
  const outcome = run(replica, "item.move", { item, stage: to.toUpperCase() });
  expect(codeOf(outcome)).toBe(expected === "not-legal" ? "not-legal" : "done");
  expect(stageOf(replica, item)).toBe(expected === "not-legal" ? from : expected);
});

test("a stage that does not exist is no place to move to", () => {
  const replica = worldOf();
  const outcome = run(replica, "item.move", { item: add(replica, "one"), stage: "review" });
  expect(outcome).toMatchObject({ code: "bad-input" });
});

test("a refused event says which item, where it is and why", () => {
  const replica = worldOf();
  const item = itemIn("Done", replica);
  expect(run(replica, "item.restore", { item })).toEqual({
    code: "not-legal",
    message: `Item ${item} (in Done): restore is not possible in Done; what has landed is never reopened: archive it, or add the work that is left as a new item.`,
  });
  expect(run(replica, "item.archive", { item, reason: "Blocked" })).toEqual({
    code: "not-legal",
    message: `Item ${item} (in Done): a landed item is archived as Completed.`,
  });
  expect(codeOf(run(replica, "item.archive", { item, reason: "Completed" }))).toBe("done");
  expect(run(replica, "item.restore", { item })).toMatchObject({
    message: expect.stringContaining("Archived as Completed"),
  });
});

const nextSteps = [
  ["item.start", "Coding", "; there you can reject it, move it to Backlog or archive it."],
  ["item.start", "Qa", "start is not possible in Qa; there you can reject it, move it to Backlog or archive it."],
  ["item.restore", "Merge", "; there you can reject it, move it to Backlog or archive it."],
  ["item.restore", "Backlog", "; there you can start it or archive it."],
  ["item.reject", "Archived", "; there you can restore it."],
] as const;

test.each(nextSteps)("%s on an item in %s says what is possible there instead", (name, stage, said) => {
  const replica = worldOf();
  const input = { item: itemIn(stage, replica), ...(name === "item.reject" ? { note: "no" } : {}) };
  expect(run(replica, name, input)).toMatchObject({ code: "not-legal", message: expect.stringContaining(said) });
});

test("no front speaks of another one when an item is not there", () => {
  expect(run(worldOf(), "item.start", { item: "zzz" })).toEqual({
    code: "not-found",
    message: "There is no item zzz. `skein item list --all` shows what there is.",
  });
});

test("a deleted item is gone for every command", () => {
  const replica = worldOf();
  const item = add(replica, "one");
  expect(codeOf(run(replica, "item.delete", { item }))).toBe("done");
  for (const name of ["item.start", "item.edit", "item.hold", "item.delete", "item.restore"] as const) {
    expect(codeOf(run(replica, name, INPUTS[name](item)))).toBe("not-found");
  }
});

function joined(replica: Replica, name: string, role: Role): string {
  const [who, ticket] = [testSigner(name), testSigner(`ticket of ${name}`)];
  const key = who.publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh: replica.mesh, key, name }));
  replica.write(
    [
      { entity: MESH_ENTITY, on: null, body: { kind: "member.invite", ticket: ticket.publicKey, role, expires: 1 } },
      { entity: MESH_ENTITY, on: null, body: { kind: "member.join", key, name, ticket: ticket.publicKey, proof } },
    ],
    me,
    1_000,
  );
  return toHex(key);
}
