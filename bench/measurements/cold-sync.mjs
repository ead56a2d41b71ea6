// P4, P5, P6: from the start of an empty client until it shows every item of the server; Skein's has checked every hash
// and signature by then and written all of it to disk. Also what the items weigh in the client's memory, what they weigh
// on the server's disk or in its encoded state, and how long Skein's event loops were held up.
//
// Servers are filled once and stay; only fresh clients are timed. Skein's logs are sealed in frames of 256 ops, as bulk
// writers make them, of 16, and of one, as people one after another make them.
import { startClient, startServer } from "../session.mjs";
import { MIB, ms } from "../statistics.mjs";

const SKEIN = {
  "skein:flat": { opsPerItem: 1, frameOps: 256 },
  "skein:flat, frames of 1": { opsPerItem: 1, frameOps: 1 },
  "skein:unverified": { opsPerItem: 1, frameOps: 256, unverified: true },
};

const SKEIN_HISTORIES = {
  "skein:6 ops per item, frames of 16": { opsPerItem: 6, frameOps: 16, wantedStage: "Done" },
  "skein:6 ops per item, frames of 1": { opsPerItem: 6, frameOps: 1, wantedStage: "Done" },
};

const PEERS = {
  "y-websocket:flat": { shape: "flat" },
  "y-websocket:nested": { shape: "nested" },
  "hocuspocus:flat": { shape: "flat" },
  "hocuspocus:nested": { shape: "nested" },
};

export const coldSync = {
  name: "Cold sync of 10,000 items",
  picks: ["p4", "p5", "p6", "memory", "size"],
  ...coldSyncOf(10_000, { ...SKEIN, ...SKEIN_HISTORIES, ...PEERS, "automerge-repo": {}, jazz: {} }),
};

export const coldSyncLarge = {
  name: "Cold sync of 100,000 items",
  picks: ["p4", "large"],
  ...coldSyncOf(100_000, { "skein:flat": SKEIN["skein:flat"], ...PEERS }),
};

function coldSyncOf(items, variants) {
  const servers = new Map();
  return {
    stacks: Object.keys(variants),
    prepare: async (stack) => {
      servers.set(stack, await startServer(stack, { ...variants[stack], items }));
    },
    run: async (stack) => fetchAll(stack, servers.get(stack), items, variants[stack]),
    finish: async () => {
      for (const server of servers.values()) await server.stop();
      servers.clear();
    },
  };
}

async function fetchAll(stack, server, items, { unverified, wantedStage, shape, opsPerItem = 1 }) {
  const isSkein = stack.startsWith("skein");
  const client = await startClient(stack, server, { unverified, wantedStage, shape });
  const empty = await client.ask("memory");
  for (const part of [client, server]) if (isSkein) await part.ask("delay", { on: true });
  const reached = client.told("reached");
  await client.ask("reach", { title: `item-${items - 1}` });
  const { at } = await client.ask("connect");
  const took = ms((await reached) - at);
  const shown = await client.ask("count");
  if (shown !== items) throw new Error(`${stack} shows ${shown} of ${items} items`);
  const figures = { "cold sync (ms)": took };
  if (isSkein) {
    figures["event loop of the client, p99 (ms)"] = await client.ask("delay", { on: false });
    figures["event loop of the server, p99 (ms)"] = await server.ask("delay", { on: false });
    await expectEqual(stack, server, client);
  }
  const full = await client.ask("memory");
  figures["memory of the items, heap and buffers (MiB)"] = (full.bytes - empty.bytes) / MIB;
  figures["resident memory of the client (MiB)"] = full.rss / MIB;
  await client.stop();
  const stored = stack === "jazz" ? undefined : await server.ask("call", { name: "logBytes" });
  if (stored !== undefined) figures["stored bytes per op"] = stored / items / opsPerItem;
  return figures;
}

async function expectEqual(stack, server, client) {
  const [theirs, ours] = await Promise.all([server, client].map((part) => part.ask("call", { name: "digest" })));
  if (theirs.digest !== ours.digest) throw new Error(`${stack}: the fresh node folded another view`);
}
