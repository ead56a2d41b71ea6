// P3: batches of 50 to ten readers, each a process of its own, until the last of them shows the last change.
import { titlesOf } from "../item.mjs";
import { startClient, startServer, written } from "../session.mjs";
import { ms } from "../statistics.mjs";

const READERS = 10;
const COUNTS = { skein: 10_000, "y-websocket": 20_000, hocuspocus: 20_000 };

export const fanOut = {
  name: `Sustained changes through one server to ${READERS} readers`,
  picks: ["p3"],
  stacks: ["skein", "y-websocket", "hocuspocus"],
  run: async (stack, { scale }) => {
    const server = await startServer(stack);
    const readers = [];
    for (let reader = 0; reader < READERS; reader++) {
      readers.push(await startClient(stack, server, { role: "reader" }));
      await readers.at(-1).ask("connect");
    }
    const writer = await startClient(stack, server, { role: "writer" });
    await writer.ask("connect");
    await written(writer, readers, titlesOf("warm", 0, 500), { size: 250, batch: 50 });
    await server.ask("cpu");
    const titles = titlesOf("fan-out", 0, Math.ceil(COUNTS[stack] * scale));
    const { at, visible } = await written(writer, readers, titles, { size: 1_000, batch: 50 });
    const cpu = (await server.ask("cpu")) / titles.length;
    for (const part of [writer, server, ...readers]) await part.stop();
    return {
      "ops/s to each reader": titles.length / (ms(visible - at) / 1e3),
      "CPU of the server (µs per op)": cpu,
    };
  },
};
