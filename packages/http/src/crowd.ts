/**
 * The connections of one listener, at most so many. When there is one too many, the one goes that has been open longest
 * without a good session or token on it, of the place with the most of those: whoever can only open connections takes
 * them from themselves and not from people who are in. A place is an IPv4 address or an IPv6 network of 64 bits, of which
 * one host has every address. A member whose connections are more than half of all is no better: theirs go when nobody
 * else's can.
 */
import { neighborhoodOf } from "@skein/node";
import type { Socket } from "node:net";

export interface Crowd {
  /** On this connection somebody has shown who they are. `who`: the same text for the same member. */
  welcome(socket: Pick<Socket, "remoteAddress" | "remotePort">, who: string): void;
}

/** Under TLS requests have a socket of their own above the connection; both name the same other end. */
const nameOf = ({ remoteAddress = "", remotePort = 0 }: Pick<Socket, "remoteAddress" | "remotePort">): string =>
  `${remoteAddress} ${remotePort}`;

interface Known {
  readonly socket: Socket;
  readonly who: string;
}

/** What is asked of the listener. */
interface Listener {
  on(event: "connection", listener: (socket: Socket) => void): unknown;
}

export function createCrowd(server: Listener, max: number): Crowd {
  const strangers = new Map<string, Socket>();
  const known = new Map<string, Known>();
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    // Whoever came first under a name that is used again is gone; its end is only not heard yet.
    known.delete(name);
    strangers.delete(name);
    strangers.set(name, socket);
    socket.once("close", () => {
      if (strangers.get(name) === socket) strangers.delete(name);
      if (known.get(name)?.socket === socket) known.delete(name);
    });
    if (strangers.size + known.size <= max) return;
    const [gone, victim] = mostDispensable(strangers) ?? greediest(known, max / 2) ?? [name, socket];
    strangers.delete(gone);
    known.delete(gone);
    victim.destroy();
  });
  return {
    welcome: (socket, who) => {
      const name = nameOf(socket);
      const stranger = strangers.get(name);
      if (stranger === undefined) return;
      strangers.delete(name);
      known.set(name, { socket: stranger, who });
    },
  };
}

/** The one that has been open longest of whoever has more than so many; undefined when nobody has. */
function greediest(known: ReadonlyMap<string, Known>, most: number): readonly [string, Socket] | undefined {
  const counts = new Map<string, number>();
  for (const { who } of known.values()) counts.set(who, (counts.get(who) ?? 0) + 1);
  const found = [...known].find(([, { who }]) => (counts.get(who) ?? 0) > most);
  return found === undefined ? undefined : [found[0], found[1].socket];
}

/** The newest has had no time to say anything: it goes only when there is no other. */
function mostDispensable(strangers: ReadonlyMap<string, Socket>): readonly [string, Socket] | undefined {
  const older = [...strangers].slice(0, -1);
  const counts = new Map<string, number>();
  const placeOf = ({ remoteAddress = "" }: Socket): string => neighborhoodOf(remoteAddress);
  for (const [, socket] of older) counts.set(placeOf(socket), (counts.get(placeOf(socket)) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return older.find(([, socket]) => counts.get(placeOf(socket)) === most);
}
