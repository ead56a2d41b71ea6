// One node of a benchmark in a process of its own: the real engine over real SQLite (synchronous=FULL) and real sockets,
// without the HTTP server and without work. The parent speaks to it over IPC; all times are CLOCK_MONOTONIC nanoseconds,
// which every process of the machine shares.
import { mkdirSync } from "node:fs";

import { createReplica, foundMesh, parseTicket } from "@skein/core";
import { createNode, createNodeCrypto, createSigner, systemClock, systemRandom } from "@skein/node";
import { createPeerNet } from "@skein/peer-websocket";
import { openLogStore } from "@skein/store-sqlite";

const options = JSON.parse(process.argv[2] ?? "{}");
const crypto = createNodeCrypto();
const signer = createSigner(systemRandom.bytes(32));
const incarnation = systemRandom.bytes(8);
mkdirSync(options.directory, { recursive: true });
const opened = openLogStore({ directory: options.directory });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;
const ticket = options.ticket === undefined ? undefined : parseTicket(options.ticket).value;
const mesh = ticket?.mesh ?? found();
const unused = () => {
  throw new Error("a benchmark node does no work");
};
let announced = [];
const node = createNode({
  clock: systemClock,
  random: systemRandom,
  crypto,
  createSigner,
  store,
  net: createPeerNet(),
  processes: { run: unused },
  logs: { append: unused, read: () => undefined, epochs: () => [] },
  openRepository: unused,
  writeStory: unused,
  environment: unused,
  scriptedAgent: ["false"],
  log: () => undefined,
  keys: {
    current: () => signer,
    prepared: () => undefined,
    prepare: () => ({ ok: false, error: "a benchmark node keeps its key" }),
    adopt: unused,
  },
  mesh,
  incarnation,
  boot: 1,
  name: options.name,
  version: "bench",
  rendezvous: ticket?.addresses ?? [],
  ticket: ticket === undefined ? null : createSigner(ticket.seed),
  slots: 0,
  idle: "a benchmark node does no work",
  labels: {},
  beatMs: 1_000,
  announced: () => announced,
  onRefused: (refusal) => process.send?.({ type: "refused", message: refusal.message }),
}).value;

function found() {
  const founded = foundMesh(
    { signer, incarnation, meshName: "bench", nodeName: options.name, wallMs: systemClock.wallMs() },
    crypto,
  );
  const replica = createReplica(founded.mesh, crypto);
  if (!replica.take(founded.frame.bytes).ok) throw new Error("genesis");
  store.append([{ position: 1, bytes: founded.frame.bytes }]);
  return founded.mesh;
}

const now = () => Number(process.hrtime.bigint());
let waitingFor = { items: Number.POSITIVE_INFINITY, id: 0 };
let visible = new Map();

node.api.board.subscribe((change) => {
  const at = now();
  for (const [, item] of change.items) if (item !== null && !visible.has(item.title)) visible.set(item.title, at);
  if (node.api.board.current().items.size >= waitingFor.items) {
    process.send?.({ type: "reached", id: waitingFor.id, at });
    waitingFor = { items: Number.POSITIVE_INFINITY, id: 0 };
  }
});

const add = async (title) => {
  const added = await node.api.command("item.add", { title, text: "What is wanted, and how to tell that it is done." });
  if (!added.ok) throw new Error(added.error.message);
};

/** Adds `count` items with `window` of them under way at once. */
async function addMany(count, window, prefix) {
  let next = 0;
  const lane = async () => {
    while (next < count) await add(`${prefix}-${next++}`);
  };
  await Promise.all(Array.from({ length: window }, lane));
}

const ASKED = {
  invite: async () => (await node.api.command("member.invite", { role: "operator" })).value.ticket,
  role: async () => (await node.api.command("members", {})).value.members.length,
  start: async () => {
    const at = now();
    node.start();
    return at;
  },
  addOne: async ({ title }) => {
    const at = now();
    await add(title);
    return { at, acknowledged: now() };
  },
  addMany: async ({ count, window, prefix }) => {
    const at = now();
    await addMany(count, window, prefix);
    return { at, acknowledged: now() };
  },
  seen: async ({ title }) => visible.get(title) ?? null,
  forget: async () => {
    visible = new Map();
    return null;
  },
  waitFor: async ({ items, id }) => {
    if (node.api.board.current().items.size >= items) process.send?.({ type: "reached", id, at: now() });
    else waitingFor = { items, id };
    return null;
  },
  digest: async () => (await node.api.command("digest", {})).value,
  memory: async () => {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heapUsed, external };
  },
  stop: async () => {
    await node.stop();
    store.close();
    setImmediate(() => process.exit(0));
    return null;
  },
};

process.on("message", (question) => {
  void ASKED[question.ask](question).then((answer) => process.send?.({ type: "answer", to: question.to, answer }));
});

const bound = await node.listen({ host: "127.0.0.1", port: 0 });
if (!bound.ok) throw new Error(bound.error);
announced = [bound.value];
process.send?.({ type: "ready" });
