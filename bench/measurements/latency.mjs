// P1: from the call on the writer to the change on the reader, one change at a time on a mesh that is otherwise idle.
// `skein` writes on the node that the reader is linked to, as nodes of a mesh are; `skein:relay` and all peers have their
// server between writer and reader. After each of Skein's changes one fsync is measured, in the same moment of the disk.
import { startClient, startServer } from "../session.mjs";
import { ms, quantile } from "../statistics.mjs";
import { openFsync } from "./fsync.mjs";

const WARM_UP = 50;

export const latency = {
  name: "Local change to remotely visible, one at a time",
  picks: ["p1"],
  stacks: ["skein", "skein:relay", "y-websocket", "hocuspocus", "automerge-repo", "jazz"],
  run: async (stack, { samples }) => {
    const server = await startServer(stack);
    const reader = await startClient(stack, server, { role: "reader" });
    const writer = stack === "skein" ? server : await startClient(stack, server, { role: "writer" });
    await reader.ask("connect");
    if (writer !== server) await writer.ask("connect");
    const visible = [];
    const acknowledged = [];
    const fsyncs = [];
    const fsync = openFsync();
    const isSkein = stack.startsWith("skein");
    for (let sample = 0; sample < samples + WARM_UP; sample++) {
      const title = `latency-${sample}`;
      const reached = reader.told("reached");
      await reader.ask("reach", { title });
      const one = await writer.ask("one", { title });
      const at = await reached;
      if (sample < WARM_UP) continue;
      visible.push(ms(at - one.at));
      acknowledged.push(ms(one.acknowledged - one.at));
      if (isSkein) fsyncs.push(fsync.once());
    }
    fsync.close();
    for (const part of new Set([writer, reader, server])) await part.stop();
    return {
      "visible p50 (ms)": quantile(visible, 0.5),
      "visible p99 (ms)": quantile(visible, 0.99),
      ...(isSkein && { "acknowledged, fsynced, p50 (ms)": quantile(acknowledged, 0.5) }),
      ...(isSkein && { "one fsync of 4 KiB, p50 (ms)": quantile(fsyncs, 0.5) }),
    };
  },
};
