// One process of a benchmark: a server, a writer or a reader of one stack. The parent speaks to it over IPC.
//
// A stack's module exports `createServer(options)` and `createClient(options)`. A server gives `address`. A client gives
//     connect()              until it holds what the server holds, or for a fresh one until it may write
//     set(title)             one change; a promise when the stack acknowledges
//     setMany(titles)        one batch
//     drained()              back-pressure: until little waits in the socket
//     has(title)             whether it shows the item
//     count()                items it shows
//     onChange(listener)     called when something became visible
import { monitorEventLoopDelay } from "node:perf_hooks";

import { now } from "./statistics.mjs";

const options = JSON.parse(process.argv[2] ?? "{}");
const own = ["skein"].includes(options.stack) ? "./stacks" : "./peers";
const stack = await import(`${own}/${options.stack}.mjs`);

const tell = (event, answer) => process.send?.({ event, answer });
const tick = () => new Promise((resolve) => setImmediate(resolve));

const delay = monitorEventLoopDelay({ resolution: 5 });
let cpuAt = process.cpuUsage();
const part = options.role === "server" ? await stack.createServer(options) : await stack.createClient(options);

let wanted;
const look = () => {
  if (wanted === undefined || !part.has(wanted)) return;
  wanted = undefined;
  tell("reached", now());
};
part.onChange?.(look);

/** `size` changes at a time, each by itself or in batches, with a turn of the event loop between. */
async function write({ titles, size, batch }) {
  const at = now();
  for (let from = 0; from < titles.length; from += size) {
    const turn = titles.slice(from, from + size);
    const acknowledged = [];
    if (batch === 1) for (const title of turn) acknowledged.push(part.set(title));
    else
      for (let first = 0; first < turn.length; first += batch)
        acknowledged.push(part.setMany(turn.slice(first, first + batch)));
    await Promise.all(acknowledged);
    await tick();
    await part.drained();
  }
  return { at, acknowledged: now() };
}

const ASKED = {
  connect: async () => {
    const at = now();
    await part.connect();
    look();
    return { at };
  },
  one: async ({ title }) => {
    const at = now();
    await part.set(title);
    const acknowledged = now();
    // The parent is not woken while the change is still on its way.
    await new Promise((resolve) => setTimeout(resolve, 4));
    return { at, acknowledged };
  },
  write,
  /** Tells `reached` once the item is visible. */
  reach: ({ title }) => {
    wanted = title;
    look();
  },
  count: () => part.count(),
  cpu: () => {
    const used = process.cpuUsage(cpuAt);
    cpuAt = process.cpuUsage();
    return used.user + used.system;
  },
  memory: async () => {
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.();
      await tick();
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, bytes: heapUsed + external };
  },
  delay: ({ on }) => {
    if (on) {
      delay.reset();
      delay.enable();
      return null;
    }
    delay.disable();
    return delay.percentile(99) / 1e6;
  },
  call: ({ name, fields }) => part[name](fields),
  exit: () => process.exit(0),
};

process.on("message", ({ ask, to, fields }) => {
  Promise.resolve()
    .then(() => ASKED[ask](fields))
    .then((answer) => process.send?.({ to, answer: answer ?? null }))
    .catch((cause) =>
      process.send?.({ error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
    );
});
process.on("disconnect", () => process.exit(0));
tell("ready", null);
