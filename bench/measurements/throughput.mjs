// P2: how many changes a writer gets through its server to one reader, from the first call until the reader shows the
// last; each change by itself (256 of them per turn of the event loop) and in batches of 50 (20 per turn). Skein's writer
// waits for the fsync of each turn, the peers for their socket to drain.
import { titlesOf } from "../item.mjs";
import { startClient, startServer, written } from "../session.mjs";
import { ms } from "../statistics.mjs";

/** As many as the stack writes in a few seconds. */
const COUNTS = { skein: 20_000, "y-websocket": 50_000, hocuspocus: 50_000, "automerge-repo": 1_000, jazz: 10_000 };

export const throughput = {
  name: "Sustained changes through one server to one reader",
  picks: ["p2", "p3"],
  stacks: ["skein", "y-websocket", "hocuspocus", "automerge-repo", "jazz"],
  run: async (stack, { scale }) => {
    const server = await startServer(stack);
    const reader = await startClient(stack, server, { role: "reader" });
    const writer = await startClient(stack, server, { role: "writer" });
    await reader.ask("connect");
    await writer.ask("connect");
    const parts = { server, writer, reader };
    const count = Math.ceil(COUNTS[stack] * scale);
    // Long enough that what is measured runs compiled.
    await written(writer, [reader], titlesOf("warm", 0, Math.ceil(COUNTS[stack] / 4)), { size: 250, batch: 1 });
    const singles = await rate(parts, titlesOf("single", 0, count), { size: 256, batch: 1 });
    const batches = await rate(parts, titlesOf("batch", 0, count), { size: 1_000, batch: 50 });
    for (const part of Object.values(parts)) await part.stop();
    return { ...named("one per call", singles), ...named("batches of 50", batches) };
  },
};

async function rate({ server, writer, reader }, titles, options) {
  for (const part of [server, writer, reader]) await part.ask("cpu");
  const { at, visible } = await written(writer, [reader], titles, options);
  const cpu = {};
  for (const [name, part] of Object.entries({ writer, server, reader })) {
    cpu[`CPU of the ${name} (µs per op)`] = (await part.ask("cpu")) / titles.length;
  }
  return { "ops/s": titles.length / (ms(visible - at) / 1e3), ...cpu };
}

const named = (how, figures) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${how}: ${name}`, value]));
