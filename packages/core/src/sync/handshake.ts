/**
 * The handshake: both ends prove their keys to each other before anything else is said. A pure state machine; nonces and
 * time limits come from outside.
 *
 *     initiator                         acceptor
 *       hello(mesh, key, nonce) ──────────►
 *       ◄────────────────────────── hello(mesh, key, nonce)
 *       proof(signature) ─────────────────►   checks, may admit a joiner
 *       ◄────────────────────────── proof(signature)
 *
 * The signature is over both roles' hellos byte by byte as they were sent, so it cannot be replayed, reflected or moved to another mesh.
 */
import { equalBytes, toHex } from "../kernel/bytes.ts";
import { unreachable } from "../kernel/result.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import { isTicketDead, type KeyRotation, keyStatus, memberOf, type Membership } from "../member/membership.ts";
import { startOf } from "../member/rotation-proof.ts";
import { encode } from "../op/codec.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { LIMITS } from "../op/limits.ts";
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  PROTOCOL_VERSION,
  type RefusalCode,
} from "./message.ts";

export interface HandshakeSelf {
  readonly mesh: Uint8Array;
  readonly signer: Signer;
  readonly name: string;
  readonly nonce: Uint8Array;
  /** Key pair of the ticket this node joins with; null for a member. */
  readonly ticket: Signer | null;
  /** What led to this node's key, oldest first. */
  readonly rotations?: readonly KeyRotation[];
}

/** A joiner that has proved its ticket and its key; the node writes the join op. */
export interface JoinRequest {
  readonly key: Uint8Array;
  readonly name: string;
  readonly ticket: Uint8Array;
  readonly proof: Uint8Array;
}

export type HandshakeStep =
  | { readonly type: "send"; readonly message: Message }
  /** Ask the node to write the join op; `admitted` goes on from there. */
  | { readonly type: "admit"; readonly request: JoinRequest }
  | { readonly type: "refuse"; readonly code: RefusalCode; readonly message: string }
  /** The peer refused us. */
  | { readonly type: "refused"; readonly code: string; readonly message: string }
  | { readonly type: "proved"; readonly peer: Peer };

export interface Peer {
  /** Hex. */
  readonly key: string;
  readonly name: string;
  /** We do not know the key (yet): take the log from it, give nothing, and look again once the log is here. */
  readonly provisional: boolean;
  /** Id of the member that a provisional one's rotations lead from: it is that member, so it may have the log at once. */
  readonly follows: string | null;
}

export interface Handshake {
  start(): readonly HandshakeStep[];
  /** One message exactly as it came: what is signed is these bytes, not what was understood of them. */
  receive(bytes: Uint8Array, context: HandshakeContext): readonly HandshakeStep[];
  /** The join op of our `admit` step is durable. */
  admitted(): readonly HandshakeStep[];
}

export interface HandshakeContext {
  readonly membership: Membership;
  readonly wallMs: number;
}

type Role = "initiator" | "acceptor";

/** A hello with the bytes that the other end sent, or that it was sent. */
interface Said {
  readonly hello: Hello;
  readonly bytes: Uint8Array;
}

type State =
  | { readonly type: "await-hello" }
  | { readonly type: "await-proof"; readonly peer: Said }
  | { readonly type: "await-admission"; readonly peer: Said }
  | { readonly type: "done" };

export function createHandshake(role: Role, self: HandshakeSelf, crypto: Crypto): Handshake {
  let state: State = { type: "await-hello" };
  const hello = helloOf(self);
  const own: Said = { hello, bytes: encodeMessage(hello) };

  const end = (step: HandshakeStep): readonly HandshakeStep[] => {
    state = { type: "done" };
    return [step];
  };

  const onHello = (peer: Said, context: HandshakeContext): readonly HandshakeStep[] => {
    const refusal = checkHello(peer.hello, self, role, context, crypto);
    if (refusal !== undefined) return end(refusal);
    state = { type: "await-proof", peer };
    if (role === "acceptor") return [{ type: "send", message: hello }];
    return [{ type: "send", message: proofOf("initiator", self, own, peer) }];
  };

  const onProof = (
    said: Said,
    proof: Extract<Message, { type: "proof" }>,
    context: HandshakeContext,
  ): readonly HandshakeStep[] => {
    const peerRole: Role = role === "initiator" ? "acceptor" : "initiator";
    const [initiator, acceptor] = role === "initiator" ? [own, said] : [said, own];
    const peer = said.hello;
    if (!crypto.verify(peer.key, transcript(peerRole, initiator, acceptor), proof.signature)) {
      return end({ type: "refuse", code: "bad-proof", message: "the proof is not signed with the key it names" });
    }
    // The membership may have changed since the hello: a member was removed, a ticket spent.
    const refusal = checkHello(peer, self, role, context, crypto);
    if (refusal !== undefined) return end(refusal);
    const proved = provedBy(peer, self.mesh, context, crypto);
    if (role === "initiator") return end(proved);
    if (!proved.peer.provisional || proved.peer.follows !== null) {
      const accepted: HandshakeStep = { type: "send", message: proofOf("acceptor", self, said, own) };
      return [accepted, ...end(proved)];
    }
    return onJoiner(said, proof.joinProof);
  };

  const onJoiner = (said: Said, joinProof: Uint8Array | null): readonly HandshakeStep[] => {
    const peer = said.hello;
    const proved = joinProofBytes({ mesh: self.mesh, key: peer.key, name: peer.name });
    const { ticket } = peer;
    if (ticket === null || joinProof === null || !crypto.verify(ticket, proved, joinProof)) {
      return end({ type: "refuse", code: "bad-proof", message: "the ticket did not sign for this key" });
    }
    state = { type: "await-admission", peer: said };
    return [{ type: "admit", request: { key: peer.key, name: peer.name, ticket, proof: joinProof } }];
  };

  return {
    start: () => (role === "initiator" ? [{ type: "send", message: hello }] : []),
    receive: (bytes, context) => {
      const decoded = decodeMessage(bytes, LIMITS.messageBytesBeforeProof);
      if (!decoded.ok) return end(unreadable(decoded.error));
      const message = decoded.value;
      if (message.type === "refuse") return end({ type: "refused", code: message.code, message: message.message });
      switch (state.type) {
        case "await-hello":
          return message.type === "hello" ? onHello({ hello: message, bytes }, context) : end(unexpected(message));
        case "await-proof":
          return message.type === "proof" ? onProof(state.peer, message, context) : end(unexpected(message));
        case "await-admission":
        case "done":
          return end(unexpected(message));
        default:
          return unreachable(state);
      }
    },
    admitted: () => {
      if (state.type !== "await-admission") return [];
      const accepted: HandshakeStep = { type: "send", message: proofOf("acceptor", self, state.peer, own) };
      const { key, name } = state.peer.hello;
      return [accepted, ...end({ type: "proved", peer: { key: toHex(key), name, provisional: false, follows: null } })];
    },
  };
}

const helloOf = ({ mesh, signer, nonce, name, ticket, rotations }: HandshakeSelf): Hello => ({
  type: "hello",
  versions: [PROTOCOL_VERSION],
  mesh,
  key: signer.publicKey,
  nonce,
  name,
  ticket: ticket?.publicKey ?? null,
  ...(rotations === undefined ? {} : { rotations }),
});

const unreadable = (problem: string): HandshakeStep => ({
  type: "refuse",
  code: "bad-message",
  message: `a message could not be read: ${problem}`,
});

const unexpected = (message: Message): HandshakeStep => ({
  type: "refuse",
  code: "bad-message",
  message: `${message.type} does not belong here in the handshake`,
});

function provedBy(
  peer: Hello,
  mesh: Uint8Array,
  context: HandshakeContext,
  crypto: Crypto,
): Extract<HandshakeStep, { type: "proved" }> {
  const key = toHex(peer.key);
  const member = memberOf(context.membership, key);
  const provisional = member === undefined;
  const follows = provisional ? followed(peer, mesh, context, crypto) : null;
  // A member goes by the name it joined with, whatever it calls itself now: incidents are about that one.
  return { type: "proved", peer: { key, name: member?.name ?? peer.name, provisional, follows } };
}

/** What is signed: who speaks in which role, and every byte of both hellos. */
const transcript = (speaker: Role, initiator: Said, acceptor: Said): Uint8Array =>
  encode(["skein/handshake/1", speaker, initiator.bytes, acceptor.bytes]);

function proofOf(role: Role, self: HandshakeSelf, initiator: Said, acceptor: Said): Message {
  // The ticket vouches for the key of whoever joins: always the initiator.
  const joining = role === "initiator" && self.ticket !== null;
  const joined = joinProofBytes({ mesh: self.mesh, key: self.signer.publicKey, name: self.name });
  return {
    type: "proof",
    signature: self.signer.sign(transcript(role, initiator, acceptor)),
    joinProof: joining && self.ticket !== null ? self.ticket.sign(joined) : null,
  };
}

function checkHello(
  peer: Hello,
  self: HandshakeSelf,
  role: Role,
  { membership, wallMs }: HandshakeContext,
  crypto: Crypto,
): HandshakeStep | undefined {
  const refuse = (code: RefusalCode, message: string): HandshakeStep => ({ type: "refuse", code, message });
  if (!peer.versions.includes(PROTOCOL_VERSION)) {
    return refuse(
      "version",
      `this node speaks protocol version ${PROTOCOL_VERSION}, the other one ${peer.versions.join(", ")}`,
    );
  }
  if (!equalBytes(peer.mesh, self.mesh)) return refuse("wrong-mesh", "the other node belongs to another mesh");
  if (equalBytes(peer.key, self.signer.publicKey)) return refuse("self", "the other end has this node's own key");
  const key = toHex(peer.key);
  const status = keyStatus(membership, key);
  if (status === "current") return undefined;
  const name = memberOf(membership, key)?.name ?? "";
  if (status === "removed") return refuse("removed", `the key of ${name} was removed from this mesh`);
  if (status === "rotated") return refuse("rotated", `the key of ${name} was replaced by another one`);
  // A joiner knows nobody yet, and a node that was away may not know who joined meanwhile: the log will tell.
  if (role === "initiator" || followed(peer, self.mesh, { membership, wallMs }, crypto) !== null) return undefined;
  if (peer.ticket === null) return refuse("not-a-member", "the key is not a member of this mesh");
  if (!crypto.isAcceptableKey(peer.key)) return refuse("bad-proof", "the key is not an acceptable Ed25519 key");
  return checkTicket(toHex(peer.ticket), membership, wallMs);
}

/** The member whose key an unknown one follows: the rotation is in a log that this node does not have yet. */
function followed(peer: Hello, mesh: Uint8Array, { membership }: HandshakeContext, crypto: Crypto): string | null {
  const isCurrent = (key: string): boolean => keyStatus(membership, key) === "current";
  const from = startOf(toHex(peer.key), peer.rotations ?? [], mesh, isCurrent, crypto);
  return from === undefined ? null : (memberOf(membership, from)?.id ?? null);
}

function checkTicket(ticket: string, membership: Membership, wallMs: number): HandshakeStep | undefined {
  const refuse = (code: RefusalCode, message: string): HandshakeStep => ({ type: "refuse", code, message });
  const invite = membership.invites.get(ticket);
  if (invite === undefined) {
    return refuse(
      "unknown-ticket",
      "this node knows no such ticket; it may not have heard of it yet, or it is of another mesh",
    );
  }
  if (invite.usedBy !== null) return refuse("spent-ticket", "the ticket was used already; ask for a new one");
  if (invite.expires < wallMs) return refuse("expired-ticket", "the ticket has expired; ask for a new one");
  if (isTicketDead(membership, invite)) {
    return refuse("dead-ticket", "the member that made the ticket was removed; ask somebody else for a new one");
  }
  // The fold measures by the inviter's clock, which a hostile one sets as it likes.
  if (invite.expires > wallMs + LIMITS.inviteMs) {
    return refuse("dead-ticket", "the ticket is good for longer than a ticket may be; ask for a new one");
  }
  return undefined;
}
