/**
 * A member with a real key that does not play by the rules. It speaks the wire as a node does, so that everything it says
 * gets as far as it can; what it says is up to its behaviors.
 */
import {
  createFrameIndex,
  createHandshake,
  createReplica,
  decodeMessage,
  type Draft,
  encodeMessage,
  feedId,
  type FrameIndex,
  type Handshake,
  LIMITS,
  type Message,
  isPack,
  openFrame,
  parseTicket,
  type Replica,
  sealBeat,
  type Signer,
  toHex,
} from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { Link, PeerNet } from "@skein/node";

import { type Life, newLife } from "../kernel/life.ts";
import { BEAT_MS, runningMachines, type World } from "../world.ts";

interface Conn {
  readonly link: Link;
  readonly url: string;
  readonly handshake: Handshake;
  proved: boolean;
}

export interface ByzantinePeer {
  readonly world: World;
  readonly prng: Prng;
  readonly signer: Signer;
  readonly key: string;
  readonly incarnation: Uint8Array;
  readonly replica: Replica;
  readonly life: Life;
  /** It answers no `want`. */
  withholds: boolean;
  /** Refusals that honest nodes sent, by code. */
  readonly refused: Map<string, number>;
  links(): readonly Conn[];
  /** Writes ops that the codec allows and the rules may not, and sends them to everybody. */
  write(drafts: readonly Draft[]): readonly string[];
  send(frames: readonly Uint8Array[], to: readonly Conn[]): void;
  say(message: Message, to: readonly Conn[]): void;
  sendRaw(bytes: Uint8Array, to: readonly Conn[]): void;
  start(): void;
  stop(): void;
}

export interface ByzantineSpec {
  readonly name: string;
  readonly signer: Signer;
  readonly ticketText: string;
  readonly prng: Prng;
}

export function createByzantinePeer(world: World, spec: ByzantineSpec): ByzantinePeer {
  const { name, signer, prng } = spec;
  const life = newLife(name, world.scheduler.nowMs());
  const conns = new Map<string, Conn>();
  const index: FrameIndex = createFrameIndex();
  const frames: Uint8Array[] = [];
  const peer: ByzantinePeer = {
    world,
    prng,
    signer,
    key: toHex(signer.publicKey),
    incarnation: world.crypto.sha256(new TextEncoder().encode(`byzantine ${name}`)).slice(0, 8),
    replica: createReplica(world.mesh, world.crypto),
    life,
    withholds: false,
    refused: new Map(),
    links: () => [...conns.values()].filter((conn) => conn.proved),
    write: (drafts) => {
      const authorship = { signer, incarnation: peer.incarnation };
      const written = peer.replica.write(drafts, authorship, Math.round(world.scheduler.nowMs()));
      const sealed = peer.replica.seal(authorship).map(({ bytes }) => bytes);
      const branch = feedId(signer.publicKey, peer.incarnation);
      for (const bytes of sealed) store(peer, index, frames, { bytes, branch });
      peer.send(sealed, peer.links());
      return written.ops.map((op) => op.id);
    },
    send: (sent, to) => peer.say({ type: "frames", frames: sent, more: false }, to),
    say: (message, to) => peer.sendRaw(encodeMessage(message), to),
    sendRaw: (bytes, to) => {
      for (const { link } of to) link.send(bytes);
    },
    start: () => keepLinked(peer, spec, conns, (conn, heard) => hear(peer, conn, heard, index, frames)),
    stop: () => {
      life.alive = false;
      world.network.dropLife(life, false);
    },
  };
  world.byzantine.add(peer.key);
  return peer;
}

function store(
  peer: ByzantinePeer,
  index: FrameIndex,
  frames: Uint8Array[],
  { bytes, branch }: { readonly bytes: Uint8Array; readonly branch: string },
): void {
  const opened = openFrame(bytes, peer.world.crypto);
  if (!opened.ok) return;
  const { header, ops } = opened.value;
  index.add(branch, header.firstSeq + ops.length - 1);
  frames.push(bytes);
}

/** Dials whoever runs, beats, and says what it holds. */
function keepLinked(
  peer: ByzantinePeer,
  spec: ByzantineSpec,
  conns: Map<string, Conn>,
  onMessage: (conn: Conn, heard: Heard) => void,
): void {
  const { world, life } = peer;
  const net = world.network.netFor(life, "ws://127.0.0.1:1");
  let counter = 0;
  const turn = (): void => {
    for (const { url } of runningMachines(world)) if (!conns.has(url)) dialOne(peer, spec, net, url, conns, onMessage);
    const beat = sealBeat(world.mesh, { boot: 1, counter: counter++, ...BEAT_WORDS }, peer.signer);
    peer.say({ type: "beat", ...beat }, peer.links());
    peer.say({ type: "heads", heads: peer.replica.heads() }, peer.links());
    world.scheduler.after(BEAT_MS, turn, life);
  };
  turn();
}

const BEAT_WORDS = {
  version: "byzantine",
  addresses: [],
  labels: {},
  slots: 1,
  slotsFree: 1,
  load: 0,
  lowDisk: false,
  page: "",
  intervalMs: BEAT_MS,
  activity: {},
  accounts: {},
  wallMs: 0,
  links: [],
};

function dialOne(
  peer: ByzantinePeer,
  { ticketText, name }: ByzantineSpec,
  net: PeerNet,
  url: string,
  conns: Map<string, Conn>,
  onMessage: (conn: Conn, heard: Heard) => void,
): void {
  const { world, signer } = peer;
  const parsed = parseTicket(ticketText);
  const isMember = peer.replica.view().membership.members.has(peer.key);
  const ticket = parsed.ok && !isMember ? world.createSigner(parsed.value.seed) : null;
  void net.dial(url, (link) => {
    const handshake = createHandshake(
      "initiator",
      { mesh: world.mesh, signer, name, nonce: peer.prng.bytes(32), ticket },
      world.crypto,
    );
    const conn: Conn = { link, url, handshake, proved: false };
    conns.set(url, conn);
    for (const step of handshake.start()) if (step.type === "send") link.send(encodeMessage(step.message));
    return {
      onMessage: (bytes) => {
        const decoded = decodeMessage(bytes, LIMITS.messageBytes);
        if (decoded.ok) onMessage(conn, { message: decoded.value, bytes });
      },
      onClose: () => {
        if (conns.get(url) === conn) conns.delete(url);
      },
    };
  });
}

/** A message and its exact bytes, which the handshake signs. */
interface Heard {
  readonly message: Message;
  readonly bytes: Uint8Array;
}

/** Follows the log like an honest node, so that what it says later is well-informed. */
function hear(peer: ByzantinePeer, conn: Conn, heard: Heard, index: FrameIndex, frames: Uint8Array[]): void {
  const { message, bytes: said } = heard;
  if (!conn.proved) {
    const context = { membership: peer.replica.view().membership, wallMs: 0 };
    for (const step of conn.handshake.receive(said, context)) {
      if (step.type === "send") conn.link.send(encodeMessage(step.message));
      else if (step.type === "proved") conn.proved = true;
    }
    if (conn.proved) askFor(peer, conn);
    return;
  }
  switch (message.type) {
    case "heads":
      if (peer.replica.compare(message.heads).lacking) askFor(peer, conn);
      return;
    case "want": {
      if (peer.withholds) return;
      const { known } = peer.replica.compare(message.heads, message.locators);
      const missing = [...index.missing(known)].slice(0, 50).flatMap((position) => frames[position - 1] ?? []);
      peer.say({ type: "frames", frames: missing, more: false }, [conn]);
      return;
    }
    case "frames":
      for (const bytes of message.frames) {
        const taken = peer.replica.takeRecord(bytes);
        // It reads what is in a pack, and passes none of it on.
        if (!taken.ok || taken.value.news === undefined || isPack(bytes)) continue;
        for (const { branch } of taken.value.frames) store(peer, index, frames, { bytes, branch });
      }
      return;
    case "refuse":
      peer.refused.set(message.code, (peer.refused.get(message.code) ?? 0) + 1);
      return;
    default:
      return;
  }
}

function askFor(peer: ByzantinePeer, conn: Conn): void {
  const { replica } = peer;
  const locators = [...replica.forks().keys()].flatMap((feed) => replica.locate(feed) ?? []);
  peer.say({ type: "want", heads: replica.heads(), locators }, [conn]);
}
