/** A Slack and a transport with an open socket to it, for one test each; both are closed after it. */
import type { Ingress } from "@skein/chat";
import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { afterEach, beforeEach } from "vitest";

import { type SlackServer, startSlack } from "./slack-server.ts";
import { createStand, type Stand } from "./slack-transport.ts";
import { waitFor } from "./wait.ts";

interface Opened {
  readonly host: HostDouble;
  readonly stand: Stand;
  readonly ingress: Ingress;
}

interface SocketStand {
  readonly slack: () => SlackServer;
  /** Opens the way in and does not wait. */
  readonly open: (settings?: object, host?: HostDouble) => Opened;
  /** Opens it and waits until there is a socket. */
  readonly opened: (settings?: object, host?: HostDouble) => Promise<Opened>;
  /** All of these envelopes were acknowledged. */
  readonly isAcknowledged: (envelopes: readonly (string | undefined)[]) => boolean;
}

export function useSlackSocket(): SocketStand {
  let server: SlackServer | undefined;
  const all: Opened[] = [];
  const slack = (): SlackServer => {
    if (server === undefined) throw new Error("there is a Slack only within a test");
    return server;
  };
  beforeEach(async () => {
    server = await startSlack();
  });
  afterEach(async () => {
    for (const { ingress, stand } of all.splice(0)) {
      await ingress.close();
      await stand.transport.close();
    }
    await slack().close();
  });

  const open: SocketStand["open"] = (settings = {}, host = createHostDouble()) => {
    const stand = createStand({ mode: "socket", apiUrl: slack().apiUrl, ...settings });
    const ingress = stand.transport.open?.(host);
    if (ingress === undefined) throw new Error("the transport has nothing to open");
    const opened = { host, stand, ingress };
    all.push(opened);
    return opened;
  };
  return {
    slack,
    open,
    opened: async (settings, host) => {
      const made = open(settings, host);
      await waitFor("an open socket", () => slack().sockets.open() === 1);
      return made;
    },
    isAcknowledged: (envelopes) => envelopes.every((id) => id !== undefined && slack().sockets.acknowledged.has(id)),
  };
}

/** Makes the host's disk wait until the function is called. */
export function holdDisk(host: HostDouble): () => void {
  let finish: () => void = () => undefined;
  const disk = new Promise<void>((resolve) => (finish = resolve));
  const durable = { ...host };
  host.receive = async (events) => {
    await disk;
    return durable.receive(events);
  };
  return finish;
}
