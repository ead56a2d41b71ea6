// One node of the growth benchmark in a process of its own: the real engine, SQLite and sockets, without HTTP and work. It
// opens a log that is there, or joins with a ticket, and watches its own event loop.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";

import { parseTicket } from "@skein/core";
import { createNode, createNodeCrypto, createSigner, onlyKey, systemClock, systemRandom } from "@skein/node";
import { createPeerNet } from "@skein/peer-websocket";
import { openLogStore } from "@skein/store-sqlite";

const options = JSON.parse(process.argv[2] ?? "{}");
const startedAt = performance.now();
const opened = openLogStore({ directory: options.directory });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;
const ticket = options.ticket === undefined ? undefined : parseTicket(options.ticket).value;
const unused = () => {
  throw new Error("a benchmark node does no work");
};
let announced = [];
const created = createNode({
  clock: systemClock,
  random: systemRandom,
  crypto: createNodeCrypto(),
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
  keys: onlyKey(createSigner(options.seed === undefined ? systemRandom.bytes(32) : Buffer.from(options.seed, "hex"))),
  mesh: ticket?.mesh ?? new Uint8Array(Buffer.from(options.mesh, "hex")),
  incarnation: systemRandom.bytes(8),
  boot: 1,
  notices: [],
  name: options.name,
  version: "bench",
  rendezvous: ticket?.addresses ?? [],
  ticket: ticket === undefined ? null : createSigner(ticket.seed),
  slots: 0,
  idle: "a benchmark node does no work",
  labels: {},
  beatMs: 1_000,
  announced: () => announced,
  onRefused: (refusal) => {
    throw new Error(refusal.message);
  },
});
if (!created.ok) throw new Error(created.error);
const node = created.value;
const openedInMs = performance.now() - startedAt;
const delay = monitorEventLoopDelay({ resolution: 5 });
/** CPU time between two looks of a timer: how long the loop was held up by work, on a machine that is busy otherwise, too. */
let slices = [];
let lastCpu = process.cpuUsage();
const watchSlices = () => {
  const { user, system } = process.cpuUsage(lastCpu);
  lastCpu = process.cpuUsage();
  slices.push((user + system) / 1e3);
  setTimeout(watchSlices, 5).unref();
};
const p99 = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;

const command = async (name, input = {}) => {
  const answered = await node.api.command(name, input);
  if (!answered.ok) throw new Error(answered.error.message);
  return answered.value;
};

const ASKED = {
  command: ({ name, input }) => command(name, input),
  start: async () => {
    delay.enable();
    watchSlices();
    node.start();
    return null;
  },
  /** Resolves when this log has that many ops; looks often enough for a figure in milliseconds. */
  untilOps: async ({ ops }) => {
    const from = performance.now();
    while (node.replica.opCount() < ops) await new Promise((resolve) => setTimeout(resolve, 250));
    return performance.now() - from;
  },
  resetDelay: async () => {
    delay.reset();
    slices = [];
    return null;
  },
  delay: async () => ({
    p99: delay.percentile(99) / 1e6,
    max: delay.max / 1e6,
    sliceP99: p99(slices),
    sliceMax: Math.max(0, ...slices),
  }),
  memory: async () => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  },
  cpu: async () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  },
  stop: async () => {
    await node.stop();
    store.close();
    setImmediate(() => process.exit(0));
    return null;
  },
};

process.on("message", (question) => {
  void ASKED[question.ask](question).then((answer) => process.send?.({ to: question.to, answer }));
});

const bound = await node.listen({ host: "127.0.0.1", port: 0 });
if (!bound.ok) throw new Error(bound.error);
announced = [bound.value];
process.send?.({ ready: { openedInMs, cpuMs: process.cpuUsage().user / 1e3 + process.cpuUsage().system / 1e3 } });
