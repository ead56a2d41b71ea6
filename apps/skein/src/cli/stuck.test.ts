/** Whatever an item can be stuck in, `skein stuck` names it, with a line that the command line and the registry take. */
import {
  type Claim,
  COMMANDS,
  createReplica,
  type ExitCommand,
  foundMesh,
  type Landing,
  type Naming,
  type OpBody,
  parseCommand,
  stuckItems,
  toHex,
} from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { Command } from "commander";
import { expect, test } from "vitest";

import { present } from "./present.ts";
import { addRegistryCommands, inputOf } from "./registry-commands.ts";

type MeshBody = Extract<OpBody, { kind: "work.set" | "project.set" | "queue.set" }>;

const signer = testSigner("stuck");
const me = { signer, incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(signer.publicKey);
const OID = "c".repeat(40);
const [A, B] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];

const create = (title: string, changes: object = {}): OpBody => ({
  kind: "item.create",
  title,
  text: "",
  type: "story",
  priority: 5,
  labels: [],
  dependsOn: [],
  ...changes,
});
const start: OpBody = { kind: "item.start" };
const claim: OpBody = { kind: "item.claim", ttl: 60_000 };
const feature = { featureBranch: `skein/${A}/1`, tip: OID, tree: OID, commitsAhead: 1 };
const submit: OpBody = { kind: "item.submit", feature };
const green = { tree: OID, runs: [] };
const attest: OpBody = { kind: "item.attest", tip: OID, base: OID, evidence: green };
const merge: readonly OpBody[] = [start, claim, submit, { kind: "item.pass", evidence: green }];
const archive = (reason: "Blocked" | "MergeFailed" | "ReviewHeld"): OpBody => ({
  kind: "item.archive",
  reason,
  note: "eight attempts",
});
const set = (body: object): OpBody => ({ kind: "item.set", ...body }) as OpBody;
const work = (member: string): MeshBody => ({ kind: "work.set", member, mode: "draining", note: "the disk" });
const project: MeshBody = { kind: "project.set", name: "demo", remote: "/r", base: "main", config: "" };
const queue = (mode: "paused" | "draining"): MeshBody => ({ kind: "queue.set", name: "demo", mode, note: "release" });

const calm: Naming = {
  nameOf: () => "alice",
  isExpired: () => false,
  activityOf: () => "",
  landingOf: (): Landing => ({ state: "verified", commit: OID }),
  aliveNodes: () => [{ id: SELF, labels: { os: "linux" } }],
};
const policy = { mode: "commands" as const, witnesses: 0, fourEyes: false };
const own = { notReady: undefined, redTarget: undefined, restsUntil: () => undefined, codingFrom: undefined };
const until = 9_000;

interface Case {
  readonly state: string;
  /** What A is born as and what happens to it. */
  readonly born?: object;
  readonly ops?: readonly OpBody[];
  /** What B is; it is only there when this is. */
  readonly other?: readonly OpBody[];
  readonly mesh?: readonly MeshBody[];
  readonly naming?: Partial<Naming>;
  readonly why: string;
  readonly exit: string;
}

const WITNESS = "b".repeat(64);
/** One other node has to run the gate, and there is one that is alive. */
const witnessed = (labels: Readonly<Record<string, string>> = {}): Partial<Naming> => ({
  qa: () => ({ ...policy, witnesses: 1 }),
  able: () => [SELF, WITNESS],
  aliveNodes: () => [
    { id: SELF, labels: { os: "linux" } },
    { id: WITNESS, labels },
  ],
});
const submitOther: OpBody = { kind: "item.submit", feature: { ...feature, featureBranch: `skein/${B}/1` } };

const dependent = { born: { dependsOn: [B] }, ops: [start] };
const part = set({ field: "parent", value: A });

const CASES: readonly Case[] = [
  { state: "on hold", ops: [start, set({ field: "hold", value: "wait" })], why: "wait", exit: `hold ${A} --release` },
  {
    state: "asking",
    ops: [start, claim, { kind: "item.ask", question: "q001", text: "Which port?", options: [] }],
    why: "Which port?",
    exit: `answer ${A} 'YOUR ANSWER' --question q001`,
  },
  { state: "behind one in Backlog", ...dependent, other: [], why: `waits for ${B}`, exit: `item start ${B}` },
  {
    state: "behind one that was given up",
    ...dependent,
    other: [start, archive("Blocked")],
    why: `waits for ${B}`,
    exit: `item restore ${B}`,
  },
  {
    state: "behind one under way",
    ...dependent,
    other: [start],
    why: `waits for ${B}`,
    exit: `edit ${A} --depends-on='none'`,
  },
  { state: "behind one that is not there", ...dependent, why: `waits for ${B}`, exit: `--depends-on='none'` },
  { state: "before its part", ops: [start], other: [part], why: `its part ${B}`, exit: `item start ${B}` },
  {
    state: "before its part under way",
    ops: [start],
    other: [start, part],
    why: `its part ${B}`,
    exit: `edit ${B} --parent none`,
  },
  {
    state: "asking for a label that nobody has",
    born: { labels: ["it's ui", "os=plan9"] },
    ops: [start],
    why: "has os=plan9",
    exit: `edit ${A} --label='it'\\''s ui'`,
  },
  {
    state: "asking for labels that nobody has together",
    born: { labels: ["os=linux", "needs:gpu"] },
    ops: [start],
    naming: {
      aliveNodes: () => [
        { id: SELF, labels: { os: "linux" } },
        { id: "b", labels: { gpu: "1" } },
      ],
    },
    why: "has all of os=linux, needs:gpu",
    exit: `--label='none'`,
  },
  { state: "for drained nodes", ops: [start], mesh: [work(SELF)], why: "drained: the disk", exit: `undrain ${SELF}` },
  { state: "frozen", ops: [start], mesh: [work("")], why: "frozen: the disk", exit: "skein unfreeze" },
  { state: "in a paused queue", ops: merge, mesh: [project, queue("paused")], why: "paused: release", exit: "resume" },
  {
    state: "behind a queue that is drained",
    mesh: [project, queue("draining")],
    ops: merge,
    why: "nothing new: release",
    exit: "queue resume",
  },
  {
    state: "on a red target",
    ops: merge,
    naming: { own: () => ({ ...own, redTarget: { commit: OID, sinceMs: 7 } }) },
    why: "red by itself",
    exit: "item add --priority 9 --start",
  },
  {
    state: "waiting for a person",
    ops: [start, claim, submit, attest],
    naming: { qa: () => ({ ...policy, mode: "human" }) },
    why: "a person who approves",
    exit: `approve ${A}`,
  },
  {
    state: "short of witnesses",
    ops: merge,
    naming: { qa: () => ({ ...policy, witnesses: 2 }), able: () => [SELF] },
    why: "2 more nodes to run the gate",
    exit: "invite --role agent",
  },
  {
    state: "without a witness that takes work",
    ops: merge,
    mesh: [work(WITNESS)],
    naming: witnessed(),
    why: "run the gate on its tree, and none that could takes work: alice drained",
    exit: `undrain ${WITNESS}`,
  },
  {
    state: "without a witness that has its labels",
    born: { labels: ["ui", "os=linux"] },
    ops: merge,
    naming: witnessed({ os: "plan9" }),
    why: "run the gate on its tree, and none that could has os=linux",
    exit: `edit ${A} --label='ui'`,
  },
  {
    state: "without a witness that is alive",
    ops: merge,
    naming: { ...witnessed(), aliveNodes: () => [{ id: SELF, labels: {} }] },
    why: "run the gate on its tree, and none that could is alive",
    exit: "invite --role agent",
  },
  {
    state: "waiting for a witness in a frozen mesh",
    ops: merge,
    mesh: [work("")],
    naming: witnessed(),
    why: "one more node to run the gate on its tree",
    exit: "skein unfreeze",
  },
  {
    state: "in the way of those behind it",
    ops: merge,
    other: [start, claim, submitOther, { kind: "item.pass", evidence: green }],
    mesh: [work(WITNESS)],
    naming: witnessed(),
    why: "the head of the merge queue, and 1 item waits behind it",
    exit: `item hold ${A} 'no node can witness it'`,
  },
  {
    state: "unpaid",
    ops: [start],
    naming: { unpaid: () => () => "$5 of $5 spent" },
    why: "$5 of $5",
    exit: "costs --by item",
  },
  {
    state: "unpaid by the fleet",
    ops: [start],
    naming: { unpaid: () => () => "nothing left; `skein budget` shows" },
    why: "nothing left",
    exit: "skein budget",
  },
  {
    state: "ended by its cap",
    ops: [start, claim, { kind: "item.sendBack", reason: "over-budget", note: "", progress: false, evidence: [] }],
    naming: { unpaid: () => () => "its last attempt has cost $2" },
    why: "last attempt has cost",
    exit: `move ${A} backlog`,
  },
  ...(["Blocked", "MergeFailed", "ReviewHeld"] as const).map((reason) => ({
    state: `given up as ${reason}`,
    ops: [start, archive(reason)],
    why: `${reason}: eight attempts`,
    exit: `item restore ${A}`,
  })),
  {
    state: "held by a silent node in Coding",
    ops: [start, claim],
    naming: { isExpired: (_claim: Claim) => true },
    why: "alice, who holds it, has gone silent",
    exit: `move ${A} backlog`,
  },
  {
    state: "held by a silent node in Merge",
    ops: merge,
    naming: { isExpired: () => true },
    why: "gone silent",
    exit: `reject ${A} `,
  },
  {
    state: "held by a node whose agent does not start",
    ops: [start, claim],
    naming: { activityOf: () => 'waiting: Could not start "my-agent": there is no such program.' },
    why: 'alice, who holds it, waits: Could not start "my-agent"',
    exit: `skein why ${A}`,
  },
  {
    state: "held by a node that may not push",
    ops: merge,
    naming: { activityOf: () => "waiting: the remote refused the push to main" },
    why: "waits: the remote refused the push",
    exit: `skein why ${A}`,
  },
  {
    state: "left alone by this node",
    ops: [start],
    naming: { own: () => ({ ...own, restsUntil: () => until }) },
    why: "leaves it alone",
    exit: "invite --role agent",
  },
  {
    state: "cut off by the provider",
    ops: [start],
    naming: { own: () => ({ ...own, codingFrom: until }) },
    why: "provider",
    exit: "invite --role agent",
  },
  {
    state: "on the only node, which cannot work",
    ops: [start],
    naming: { own: () => ({ ...own, notReady: "bubblewrap is missing." }) },
    why: "bubblewrap is missing",
    exit: "skein doctor",
  },
  {
    state: "done by word only",
    born: { title: "-rf it's" },
    ops: [...merge, { kind: "item.land", commit: OID, at: 1 }],
    naming: { landingOf: () => ({ state: "refuted", commit: null }) },
    why: "says Done",
    exit: "item add --start -- '-rf it'\\''s'",
  },
];

function stuckIn({ born, ops = [], other, mesh = [], naming }: Case): ReturnType<typeof stuckItems> {
  const { mesh: id, frame } = foundMesh({ ...me, meshName: "m", nodeName: "alice", wallMs: 1 }, testCrypto);
  const replica = createReplica(id, testCrypto);
  replica.take(frame.bytes);
  let wall = 100;
  const write = (entity: string, body: OpBody): void => {
    const on = entity === "mesh" ? null : (replica.view().items.get(entity)?.best?.id ?? null);
    replica.write([{ entity, on, body }], me, wall++);
  };
  for (const body of mesh) write("mesh", body);
  for (const body of [create("The first", born), ...ops]) write(A, body);
  for (const body of other === undefined ? [] : [create("The other"), ...other]) write(B, body);
  return stuckItems(replica.view(), { ...calm, ...naming }).filter(({ item }) => item.id === A);
}

/** What the command line makes of a line of a shell; nothing is run. */
async function inputFrom(line: string): Promise<ReturnType<typeof parseCommand>> {
  const [, ...argv] = wordsOf(line);
  const program = new Command("skein").exitOverride().enablePositionalOptions();
  addRegistryCommands(program);
  let parsed: ReturnType<typeof parseCommand> | undefined;
  for (const spec of COMMANDS) {
    let command = program;
    for (const word of spec.words) command = command.commands.find((one) => one.name() === word) ?? command;
    command.exitOverride().action((...all: unknown[]) => {
      parsed = parseCommand(spec.name, inputOf(spec, all, command.opts()));
    });
  }
  await program.parseAsync(argv, { from: "user" });
  if (parsed === undefined) throw new Error(`nothing was called by ${line}`);
  return parsed;
}

/** As a POSIX shell splits it, for words that are plain or in single quotes. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\'/g, (_all, inner: string | undefined) => inner ?? "'"),
  );

/** What whoever has buttons sends; of an answer only they know the text. */
const asButton = ({ name, input }: ExitCommand): ReturnType<typeof parseCommand> =>
  parseCommand(name, { ...input, ...(name === "item.answer" ? { text: "YOUR ANSWER" } : {}) });

test.each(CASES)("an item that is $state says so, and names a command that gets it out", async (one) => {
  const [stuck] = stuckIn(one);
  const cause = stuck?.causes.find(({ why }) => why.includes(one.why));
  expect(stuck?.causes.map(({ why }) => why).join("\n")).toContain(one.why);
  expect(cause?.exit).toContain(one.exit);
  expect(cause?.since).toBeGreaterThan(0);
  for (const { exit, command } of stuck?.causes ?? []) {
    const said = await inputFrom(exit);
    expect([exit, said]).toMatchObject([exit, { ok: true }]);
    expect([exit, said.ok && said.value.spec.effect === "writes"]).toEqual([exit, command !== null]);
    expect(command === null ? said : asButton(command)).toEqual(said);
  }
});

test.each([
  { state: "in the Backlog", ops: [] },
  { state: "waiting for a free slot", ops: [start] },
  { state: "worked on", ops: [start, claim] },
  { state: "in line to land", ops: merge },
  { state: "landed", ops: [...merge, { kind: "item.land", commit: OID, at: 1 } as const] },
])("an item that is $state is not stuck", ({ ops }) => {
  expect(stuckIn({ state: "", why: "", exit: "", ops })).toEqual([]);
});

test("an item that a node will witness is not stuck, and neither is one behind a head that waits for nobody", () => {
  const other: readonly OpBody[] = [start, claim, submitOther, { kind: "item.pass", evidence: green }];
  const one = { state: "", why: "", exit: "", ops: merge, other };
  expect(stuckIn({ ...one, naming: witnessed() })).toEqual([]);
  expect(stuckIn({ ...one, naming: {}, mesh: [work(WITNESS)] })).toEqual([]);
});

test("a title that would be more than one word to a shell comes back whole from the line that adds it again", async () => {
  const title = '\'; rm -rf "$HOME" `id` --start';
  const landed = [...merge, { kind: "item.land", commit: OID, at: 1 } as const];
  const naming = { landingOf: () => ({ state: "refuted", commit: null }) as const };
  const [stuck] = stuckIn({ state: "", why: "", exit: "", born: { title }, ops: landed, naming });
  const parsed = await inputFrom(stuck?.causes[0]?.exit ?? "");
  expect(parsed).toMatchObject({ ok: true, value: { command: { name: "item.add", input: { title, start: true } } } });
});

test("the page has the cause of each item with the line that ends it", () => {
  const causes = [{ why: "it is on hold: wait.", since: 1_000, until: 2_000, exit: "skein item hold a --release" }];
  const page = present("stuck", [{ item: A, title: "The first", stage: "Coding", causes }]);
  expect(page).toBe(
    `${A}  Coding  The first\n  since 1970-01-01T00:00:01, until 1970-01-01T00:00:02: it is on hold: wait.\n` +
      "    skein item hold a --release\n",
  );
  expect(present("stuck", [])).toContain("Nothing is stuck");
  const asks = [
    { why: "its agent asks: May I?", since: 1_000, until: null, exit: "skein item answer a 'YOUR ANSWER'" },
  ];
  expect(present("stuck", [{ item: A, title: "The first", stage: "Coding", causes: asks }])).toContain(
    "asks: May I?\n",
  );
});

test.each([
  "throttled: the agent's provider asks for 3m",
  "waiting: it waits for one more node to run the gate on its tree",
  "waiting for an answer: Which port?",
])("an item whose holder says %j goes on by itself, or is told otherwise", (activity) => {
  const ops = [start, claim];
  expect(stuckIn({ state: "", why: "", exit: "", ops, naming: { activityOf: () => activity } })).toEqual([]);
});
