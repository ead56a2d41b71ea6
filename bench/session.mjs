// A server with its writer and readers, each a process of its own.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { scratch, start } from "./processes.mjs";

/** What a stack's modules are called is the part before the colon; the rest names a variant of it. */
const moduleOf = (stack) => stack.split(":")[0];

export async function startServer(stack, options = {}) {
  const directory = join(scratch, randomUUID());
  const server = await start({ ...options, stack: moduleOf(stack), role: "server", directory });
  return { ...server, where: await server.ask("call", { name: "where" }) };
}

/** Not connected yet: `connect` is what some measurements time. */
export async function startClient(stack, server, options = {}) {
  const ticket = moduleOf(stack) === "skein" ? await server.ask("call", { name: "invite" }) : undefined;
  const name = `${options.role ?? "client"}-${randomUUID().slice(0, 8)}`;
  const directory = join(scratch, name);
  return start({
    ...options,
    ...server.where,
    stack: moduleOf(stack),
    role: options.role ?? "client",
    name,
    directory,
    ticket,
  });
}

/** Until `reader` shows the last of `titles`; returns the time in ns. */
export async function written(writer, readers, titles, options) {
  const last = titles.at(-1);
  const visible = readers.map((reader) => {
    const reached = reader.told("reached");
    return { asked: reader.ask("reach", { title: last }), reached };
  });
  await Promise.all(visible.map(({ asked }) => asked));
  const { at, acknowledged } = await writer.ask("write", { titles, ...options });
  const reached = await Promise.all(visible.map((one) => one.reached));
  return { at, acknowledged, visible: Math.max(...reached) };
}
