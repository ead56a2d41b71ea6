/**
 * A TCP proxy between nodes that breaks on command, in each direction on its own: pass, hold (nothing arrives, nothing is
 * lost, as behind a dead cable), delay, cut (both ends see the connection break).
 *
 * All nodes of a test share 127.0.0.1, so a connection says nothing about who made it. The proxy reads the dialer's name
 * from the `hello` that every link begins with; that makes it possible to part some nodes and not others.
 */
import { createServer, connect, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { createDialerSniffer } from "./dialer-sniffer.ts";

type Fault = "pass" | "hold" | { readonly delayMs: number };

type Direction = "toTarget" | "fromTarget";

interface ProxiedConnection {
  /** Name in the dialer's hello; undefined until it has said it. */
  dialer(): string | undefined;
  /** Bytes that arrived at the other end, by direction. */
  readonly forwarded: Readonly<Record<Direction, number>>;
  cut(): void;
}

export interface FaultProxy {
  /** `ws://127.0.0.1:port`, to be advertised instead of the node's own address. */
  readonly url: string;
  /** Where connections go: a node's own `ws://` address. Until then they are refused. */
  setTarget(url: string): void;
  /** For all connections, now and later. */
  setFault(direction: Direction, fault: Fault): void;
  /** Connections of these dialers are cut, and refused from now on, until this is called again. */
  refuse(dialers: readonly string[]): void;
  /** Cuts each new connection after so many bytes from the target, the given number of times. */
  cutAfter(bytesFromTarget: number, times: number): void;
  /** How often `cutAfter` has cut. */
  cuts(): number;
  connections(): readonly ProxiedConnection[];
  /** Connections ever made. */
  accepted(): number;
  /** Bytes that ever arrived from the target at the dialers. */
  bytesFromTarget(): number;
  cutAll(): void;
  close(): Promise<void>;
}

interface Rules {
  readonly faults: Record<Direction, Fault>;
  refused: ReadonlySet<string>;
  cutAfter: { readonly bytes: number; left: number };
  cuts: number;
  accepted: number;
  bytesFromTarget: number;
  /** Woken when a fault changes. */
  readonly wakers: Set<() => void>;
}

export async function createFaultProxy(): Promise<FaultProxy> {
  const rules: Rules = {
    faults: { toTarget: "pass", fromTarget: "pass" },
    refused: new Set(),
    cutAfter: { bytes: 0, left: 0 },
    cuts: 0,
    accepted: 0,
    bytesFromTarget: 0,
    wakers: new Set(),
  };
  const connections = new Set<ProxiedConnection>();
  let target: URL | undefined;
  const server: Server = createServer((client) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
    rules.accepted++;
    const connection = bridge(client, target, rules, () => connections.delete(connection));
    connections.add(connection);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the proxy has no port");
  const cutAll = (): void => {
    for (const connection of connections) connection.cut();
  };
  return {
    url: `ws://127.0.0.1:${bound.port}`,
    setTarget: (url) => {
      target = new URL(url);
    },
    setFault: (direction, fault) => {
      rules.faults[direction] = fault;
      for (const wake of rules.wakers) wake();
    },
    refuse: (dialers) => {
      rules.refused = new Set(dialers);
      for (const connection of connections) if (isRefused(connection, rules)) connection.cut();
    },
    cutAfter: (bytes, times) => {
      rules.cutAfter = { bytes, left: times };
    },
    cuts: () => rules.cuts,
    accepted: () => rules.accepted,
    bytesFromTarget: () => rules.bytesFromTarget,
    connections: () => [...connections],
    cutAll,
    close: async () => {
      cutAll();
      server.close();
      await once(server, "close");
    },
  };
}

function isRefused(connection: ProxiedConnection, { refused }: Rules): boolean {
  const dialer = connection.dialer();
  return dialer !== undefined && refused.has(dialer);
}

function bridge(client: Socket, target: URL, rules: Rules, onEnd: () => void): ProxiedConnection {
  const upstream = connect({ host: target.hostname.replace(/^\[|\]$/g, ""), port: Number(target.port) });
  const sniffer = createDialerSniffer();
  const forwarded: Record<Direction, number> = { toTarget: 0, fromTarget: 0 };
  let ended = false;
  const cut = (): void => {
    if (ended) return;
    ended = true;
    client.destroy();
    upstream.destroy();
    for (const wake of rules.wakers) wake();
    onEnd();
  };
  const connection: ProxiedConnection = { dialer: () => sniffer.name(), forwarded, cut };
  for (const socket of [client, upstream]) {
    socket.setNoDelay(true);
    socket.on("error", cut);
    socket.on("close", cut);
  }
  const isOpen = (): boolean => !ended;
  pump({ from: client, to: upstream, direction: "toTarget", rules, isOpen }, (chunk) => {
    sniffer.read(chunk);
    forwarded.toTarget += chunk.length;
    return !isRefused(connection, rules);
  }).then(cut, cut);
  pump({ from: upstream, to: client, direction: "fromTarget", rules, isOpen }, (chunk) => {
    forwarded.fromTarget += chunk.length;
    rules.bytesFromTarget += chunk.length;
    if (rules.cutAfter.left === 0 || forwarded.fromTarget < rules.cutAfter.bytes) return true;
    rules.cutAfter.left--;
    rules.cuts++;
    return false;
  }).then(cut, cut);
  return connection;
}

interface Pump {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  readonly rules: Rules;
  readonly isOpen: () => boolean;
}

/** Copies chunk by chunk and reads no further while one is held, so that the sender feels the pressure. */
async function pump(pump: Pump, mayPass: (chunk: Buffer) => boolean): Promise<void> {
  for await (const chunk of pump.from) {
    const bytes = chunk as Buffer;
    await faultIsOver(pump);
    if (!pump.isOpen() || !mayPass(bytes)) return;
    if (!pump.to.write(bytes)) await once(pump.to, "drain");
  }
}

async function faultIsOver({ direction, rules, isOpen }: Pump): Promise<void> {
  const fault = rules.faults[direction];
  if (typeof fault === "object") await delay(fault.delayMs);
  while (rules.faults[direction] === "hold" && isOpen()) {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        rules.wakers.delete(wake);
        resolve();
      };
      rules.wakers.add(wake);
    });
  }
}
