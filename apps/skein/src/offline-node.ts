/** A node over an open data directory that joins nothing: for commands that only read or write the log. */
import type { Node } from "@skein/node";

import type { DataDirectory } from "./data-directory.ts";

export async function openOfflineNode(data: DataDirectory, mesh: Uint8Array): Promise<Node> {
  // Most commands ask a running node and need none of the engine.
  const { composeNode, noNet } = await import("./compose.ts");
  return composeNode({
    data,
    mesh,
    name: data.name ?? "node",
    net: noNet,
    log: () => undefined,
    rendezvous: [],
    ticket: null,
    boot: 0,
    slots: 0,
    growth: {},
    idle: "No node runs on this data directory right now; `skein up` starts it.",
    labels: {},
    transports: () => [],
    announced: () => [],
    onRefused: () => undefined,
  });
}
