// Skein in a benchmark: the real engine over real SQLite (synchronous=FULL) and real sockets, without the HTTP server and
// without work. The server is the founder's node and listens; clients are nodes that join it and do not listen, so what
// they exchange goes through it. With `direct` the writer is the founder itself, as on a link between two nodes.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { createReplica, foundMesh, parseTicket, toHex } from "@skein/core";
import { createNode, createNodeCrypto, createSigner, onlyKey, systemClock, systemRandom } from "@skein/node";
import { createPeerNet } from "@skein/peer-websocket";
import { openLogStore } from "@skein/store-sqlite";

import { TEXT } from "../item.mjs";
import { history } from "./skein-history.mjs";

/** Nothing of a benchmark's node works on items. */
const unused = () => {
  throw new Error("a benchmark node does no work");
};

const cryptoOf = ({ unverified }) => {
  const crypto = createNodeCrypto();
  // The price of the signatures is the difference to this.
  return unverified ? { ...crypto, verify: () => true } : crypto;
};

function openStore(directory) {
  mkdirSync(directory, { recursive: true });
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** A founder whose log holds `items` items of `opsPerItem` ops, sealed `frameOps` at a time. */
function found({ directory, seed, items = 0, opsPerItem = 1, frameOps = 256 }) {
  const crypto = createNodeCrypto();
  const signer = createSigner(Buffer.from(seed, "hex"));
  const incarnation = systemRandom.bytes(8);
  const store = openStore(directory);
  const founded = foundMesh(
    { signer, incarnation, meshName: "bench", nodeName: "server", wallMs: systemClock.wallMs() },
    crypto,
  );
  const replica = createReplica(founded.mesh, crypto);
  if (!replica.take(founded.frame.bytes).ok) throw new Error("genesis");
  let position = 1;
  store.append([{ position: position++, bytes: founded.frame.bytes }]);
  const authorship = { signer, incarnation };
  let open = 0;
  const flush = () => {
    open = 0;
    store.append(replica.seal(authorship).map(({ bytes }) => ({ position: position++, bytes })));
  };
  for (const draft of history(replica, { items, opsPerItem, text: TEXT })) {
    replica.write([draft], authorship, systemClock.wallMs());
    if (++open === frameOps) flush();
  }
  flush();
  store.close();
  return { mesh: founded.mesh, incarnation };
}

export async function createServer(options) {
  const seed = options.seed ?? toHex(systemRandom.bytes(32));
  const { mesh, incarnation } =
    options.mesh === undefined
      ? found({ ...options, seed })
      : { mesh: Buffer.from(options.mesh, "hex"), incarnation: Buffer.from(options.incarnation, "hex") };
  const logBytes = statSync(join(options.directory, "log.sqlite")).size;
  const openedAt = performance.now();
  const node = makeNode({ ...options, seed, mesh, incarnation, rendezvous: [], ticket: null, name: "server" });
  const bound = await node.listen();
  const bootMs = performance.now() - openedAt;
  node.start();
  return {
    ...node.client,
    address: bound,
    bootMs: () => bootMs,
    logBytes: () => logBytes,
    where: () => ({ address: bound, seed, mesh: toHex(mesh), incarnation: toHex(incarnation) }),
    invite: async () => (await node.command("member.invite", { role: "operator", ttl: "24h" })).ticket,
  };
}

export async function createClient(options) {
  const ticket = parseTicket(options.ticket).value;
  const seed = toHex(systemRandom.bytes(32));
  const node = makeNode({
    ...options,
    seed,
    mesh: ticket.mesh,
    incarnation: systemRandom.bytes(8),
    rendezvous: ticket.addresses,
    ticket: createSigner(ticket.seed),
    name: options.name ?? options.role,
  });
  return {
    ...node.client,
    connect: async () => {
      node.start();
      const self = await node.joined();
      if (!self) throw new Error("the node was not let in");
    },
  };
}

function makeNode(options) {
  const store = openStore(options.directory);
  const signer = createSigner(Buffer.from(options.seed, "hex"));
  let announced = [];
  const made = createNode({
    clock: systemClock,
    random: systemRandom,
    crypto: cryptoOf(options),
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
    keys: onlyKey(signer),
    mesh: options.mesh,
    incarnation: options.incarnation,
    boot: 1,
    notices: [],
    name: options.name,
    version: "bench",
    rendezvous: options.rendezvous,
    ticket: options.ticket,
    slots: 0,
    idle: "a benchmark node does no work",
    labels: {},
    beatMs: 5_000,
    announced: () => announced,
    onRefused: (refusal) => process.send?.({ error: refusal.message }),
  });
  if (!made.ok) throw new Error(made.error);
  const node = made.value;
  const command = async (name, input) => {
    const answered = await node.api.command(name, input);
    if (!answered.ok) throw new Error(answered.error.message);
    return answered.value;
  };
  return {
    command,
    start: () => node.start(),
    listen: async () => {
      const bound = await node.listen({ host: "127.0.0.1", port: 0 });
      if (!bound.ok) throw new Error(bound.error);
      announced = [bound.value];
      return bound.value;
    },
    joined: () => joined(command, options.name),
    client: clientOf(node.api, command, options),
  };
}

async function joined(command, name) {
  const deadline = performance.now() + 180_000;
  while (performance.now() < deadline) {
    const { members } = await command("members", {});
    if (members.some((member) => member.name === name)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

function clientOf(api, command, { wantedStage = "Backlog" }) {
  const shown = new Set();
  const listeners = [];
  for (const item of api.board.current().items.values()) if (item.stage === wantedStage) shown.add(item.title);
  api.board.subscribe((change) => {
    for (const item of change.items.values()) if (item?.stage === wantedStage) shown.add(item.title);
    for (const listener of listeners) listener();
  });
  const set = (title) => command("item.add", { title, text: TEXT });
  return {
    set,
    setMany: (titles) => Promise.all(titles.map(set)),
    drained: async () => undefined,
    count: () => shown.size,
    has: (title) => shown.has(title),
    onChange: (listener) => listeners.push(listener),
    digest: () => command("digest", {}),
  };
}
