/**
 * A peer that speaks the protocol and does what it likes: it joins, lies, forges, floods or stops reading. Made of the
 * same public parts that a real node is made of, and of nothing else.
 */
import { randomBytes } from "node:crypto";
import {
  createHandshake,
  decodeMessage,
  encodeMessage,
  type HandshakeStep,
  LIMITS,
  type KeyRotation,
  type Membership,
  type Message,
  parseTicket,
  type Signer,
} from "@skein/core";
import { createNodeCrypto, createSigner } from "@skein/node";
import { WebSocket } from "ws";

import { waitFor } from "./wait.ts";

export interface Identity {
  readonly signer: Signer;
  readonly incarnation: Uint8Array;
}

export const crypto: ReturnType<typeof createNodeCrypto> = createNodeCrypto();

export const newIdentity = (): Identity => ({
  signer: createSigner(new Uint8Array(randomBytes(32))),
  incarnation: new Uint8Array(randomBytes(8)),
});

export interface HostilePeer {
  /** Messages after the handshake, in the order they came. */
  readonly received: readonly Message[];
  /** Bytes of all messages after the handshake. */
  receivedBytes(): number;
  isProved(): boolean;
  isClosed(): boolean;
  /** The refusal it was given, if any. */
  refusal(): { readonly code: string; readonly message: string } | undefined;
  send(message: Message): void;
  sendRaw(bytes: Uint8Array): void;
  /** Stops reading from the socket; what the node sends stays in its queue. */
  pause(): void;
  resume(): void;
  waitUntilProved(): Promise<void>;
  waitUntilClosed(withinMs?: number): Promise<void>;
  close(): void;
}

export interface DialOptions {
  readonly url: string;
  readonly mesh: Uint8Array;
  readonly identity: Identity;
  readonly name: string;
  /** The ticket to join with. */
  readonly ticket?: Signer;
  /** What it says led to its key. */
  readonly rotations?: readonly KeyRotation[];
}

const nobody: Membership = {
  meshName: "",
  members: new Map(),
  keys: new Map(),
  invites: new Map(),
  projects: new Map(),
  queues: new Map(),
  work: new Map(),
  budgets: new Map(),
  transfers: new Map(),
  checkpoints: [],
  rejected: new Map(),
};

/** Dials a node and runs the handshake as far as the node goes along. */
export async function dialAsPeer(options: DialOptions): Promise<HostilePeer> {
  const socket = new WebSocket(`${options.url}/sync`, { perMessageDeflate: false });
  socket.binaryType = "nodebuffer";
  const received: Message[] = [];
  let bytes = 0;
  let proved = false;
  let closed = false;
  let refusal: { readonly code: string; readonly message: string } | undefined;

  const handshake = createHandshake(
    "initiator",
    {
      mesh: options.mesh,
      signer: options.identity.signer,
      name: options.name,
      nonce: new Uint8Array(randomBytes(32)),
      ticket: options.ticket ?? null,
      ...(options.rotations === undefined ? {} : { rotations: options.rotations }),
    },
    crypto,
  );
  const sendRaw = (message: Uint8Array): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(message);
  };
  const perform = (steps: readonly HandshakeStep[]): void => {
    for (const step of steps) {
      if (step.type === "send") sendRaw(encodeMessage(step.message));
      else if (step.type === "proved") proved = true;
      else if (step.type === "refused") refusal = { code: step.code, message: step.message };
      else throw new Error(`the test's own end of the handshake says ${JSON.stringify(step)}`);
    }
  };
  socket.on("message", (data: Buffer) => {
    const decoded = decodeMessage(new Uint8Array(data), LIMITS.messageBytes);
    if (!decoded.ok) throw new Error(`the node sent what is no message: ${decoded.error}`);
    if (!proved) return perform(handshake.receive(new Uint8Array(data), { membership: nobody, wallMs: Date.now() }));
    bytes += data.length;
    received.push(decoded.value);
    if (decoded.value.type === "refuse") refusal = { code: decoded.value.code, message: decoded.value.message };
    return undefined;
  });
  socket.on("close", () => {
    closed = true;
  });
  // A connection that the node drops is what many of these tests are about.
  socket.on("error", () => {
    closed = true;
  });
  await waitFor("the socket to open", () => socket.readyState === WebSocket.OPEN || closed);
  perform(handshake.start());
  return {
    received,
    receivedBytes: () => bytes,
    isProved: () => proved,
    isClosed: () => closed,
    refusal: () => refusal,
    send: (message) => sendRaw(encodeMessage(message)),
    sendRaw,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    waitUntilProved: async () => {
      await waitFor(`${options.name} to be let in`, () => {
        if (refusal !== undefined) throw new Error(`refused: ${refusal.code}: ${refusal.message}`);
        return proved;
      });
    },
    waitUntilClosed: async (withinMs = 10_000) => {
      await waitFor(`the node to hang up on ${options.name}`, () => closed, { withinMs });
    },
    close: () => socket.terminate(),
  };
}

/** What `skein invite` printed, as a key pair and the mesh it is for. */
export function ticketOf(text: string): { readonly signer: Signer; readonly mesh: Uint8Array } {
  const parsed = parseTicket(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return { signer: createSigner(parsed.value.seed), mesh: parsed.value.mesh };
}
