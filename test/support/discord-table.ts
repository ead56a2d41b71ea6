/** For tests of the way in: a Discord for each test, and everything that was opened at it closed afterwards. */
import { afterEach, beforeEach } from "vitest";

import { type DiscordServer, startDiscordServer } from "./discord-server.ts";
import { createStand, newHost, type Stand } from "./discord-stand.ts";
import { waitFor } from "./wait.ts";

type Ingress = ReturnType<NonNullable<Stand["transport"]["open"]>>;

interface Entered {
  readonly host: ReturnType<typeof newHost>;
  readonly ingress: Ingress;
}

interface DiscordTable {
  readonly stand: (settings?: Readonly<Record<string, unknown>>, services?: Parameters<typeof createStand>[2]) => Stand;
  /** Opens the way in and waits until Discord has let it in. */
  readonly enter: (host?: Entered["host"], stand?: Stand) => Promise<Entered>;
}

export function useDiscord(onStart: (server: DiscordServer) => void): DiscordTable {
  const open: Ingress[] = [];
  const stands: Stand[] = [];
  let server: DiscordServer;

  beforeEach(async () => {
    server = await startDiscordServer();
    onStart(server);
  });
  afterEach(async () => {
    for (const ingress of open.splice(0)) await ingress.close();
    for (const { transport } of stands.splice(0)) await transport.close();
    await server.stop();
  });

  const table: DiscordTable = {
    stand: (settings = {}, services = {}) => {
      const made = createStand(server, settings, services);
      stands.push(made);
      return made;
    },
    enter: async (host = newHost(), made = table.stand()) => {
      const { gateway } = server;
      const before = gateway.identifies.length + gateway.resumes.length;
      const ingress = made.transport.open?.(host);
      if (ingress === undefined) throw new Error("It has no way in");
      open.push(ingress);
      await waitFor("the gateway", () => gateway.identifies.length + gateway.resumes.length > before);
      await waitFor("a session in the cursor", () => host.cursors.at(-1)?.includes("session-"));
      return { host, ingress };
    },
  };
  return table;
}
