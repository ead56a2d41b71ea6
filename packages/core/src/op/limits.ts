/**
 * Every bound of the protocol in one place. Checked on both sides, before allocation and before any signature.
 * docs/protocol.md prints this table.
 */
export const LIMITS: Readonly<Record<LimitName, number>> = {
  /** One op's encoded bytes. */
  opBytes: 64 * 1024,
  /** Ops in one frame. */
  frameOps: 256,
  /** One frame's encoded bytes: header, ops and signature. */
  frameBytes: 256 * 1024,
  /** Frames of one `frames` message together; the receiver asks again for more. */
  chunkBytes: 512 * 1024,
  /** One message before the peer has proved its key. */
  messageBytesBeforeProof: 4 * 1024,
  /** One message after that. */
  messageBytes: 1024 * 1024,
  /** Nesting of a decoded value. */
  depth: 8,
  /** Array elements plus map entries of one decoded value. */
  elements: 20_000,
  /** Feeds in one heads message. */
  feeds: 4_000,
  /** Bytes waiting in one peer's queue before it is cut; it catches up from its heads later. */
  outboxBytes: 8 * 1024 * 1024,
  /** Rotations of its key that a hello tells, the newest. */
  helloRotations: 4,
  /** From the first byte to a proved peer. */
  handshakeMs: 5_000,
  /** Silence on a link before it counts as dead. */
  idleMs: 15_000,
  /** Links accepted at once, proved or not. */
  links: 256,
  /** Lamport stamps and sequence numbers never pass this. */
  counter: 2 ** 48,
  titleLength: 200,
  textBytes: 16 * 1024,
  nameLength: 64,
  labels: 32,
  labelLength: 64,
  dependsOn: 64,
  noteLength: 2_000,
  gateRuns: 32,
  /** The configuration text a project op carries. */
  configBytes: 16 * 1024,
};

export type LimitName =
  | "opBytes"
  | "frameOps"
  | "frameBytes"
  | "chunkBytes"
  | "messageBytesBeforeProof"
  | "messageBytes"
  | "depth"
  | "elements"
  | "feeds"
  | "outboxBytes"
  | "helloRotations"
  | "handshakeMs"
  | "idleMs"
  | "links"
  | "counter"
  | "titleLength"
  | "textBytes"
  | "nameLength"
  | "labels"
  | "labelLength"
  | "dependsOn"
  | "noteLength"
  | "gateRuns"
  | "configBytes";
