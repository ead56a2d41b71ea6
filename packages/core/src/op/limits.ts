/**
 * Every bound of the protocol in one place, the ones of the WebSocket adapter too. Checked on both sides, before
 * allocation and before any signature. docs/protocol.md prints both tables. What is not about peers is bounded elsewhere:
 * the HTTP API and the board document in packages/http/src/limits.ts, which docs/protocol.md prints as well.
 */
export const LIMITS: Readonly<Record<LimitName, number>> = {
  /** One op's encoded bytes. */
  opBytes: 64 * 1024,
  /** Ops in one frame. */
  frameOps: 256,
  /** One frame's encoded bytes: header, ops and signature. */
  frameBytes: 256 * 1024,
  /** One pack's bytes: many frames in short. */
  packBytes: 256 * 1024,
  /** Frames in one pack, and ops; a pack is judged in one go, so this bounds how long that takes. */
  packOps: 1_024,
  /** Feeds and branches that one checkpoint names, so that it stays an op. */
  checkpointTips: 500,
  /** Frames of one `frames` message together; the receiver asks again for more. */
  chunkBytes: 512 * 1024,
  /** One message before the peer has proved its key. */
  messageBytesBeforeProof: 4 * 1024,
  /** One message after that. */
  messageBytes: 1024 * 1024,
  /** All bytes of a connection, framing and pings included, before the peer has proved its key. */
  strangerBytes: 16 * 1024,
  /** Pieces of one WebSocket message. */
  messageFragments: 64,
  /** Chunks off the wire that one unfinished message may be in. The largest in the smallest packets is half of this. */
  messageChunks: 4_096,
  /** All headers of an upgrade request. */
  upgradeHeaderBytes: 8 * 1024,
  /** Headers of an upgrade request. */
  upgradeHeaders: 32,
  /** Nesting of a decoded value. */
  depth: 8,
  /** Array elements plus map entries of one decoded value. */
  elements: 20_000,
  /** Tips in one `heads`, `heads-page` or `want`; longer listings come in pages. */
  feeds: 2_000,
  /** Feeds of one want that come with a locator, and places in each. */
  locators: 16,
  locatorFrames: 256,
  /** Bytes waiting in one peer's queue before it is cut; it catches up from its heads later. */
  outboxBytes: 8 * 1024 * 1024,
  /** Bytes of one peer's frames that wait to become durable; meanwhile nothing more is read from it. */
  inboxBytes: 512 * 1024,
  /** Answers and refused frames in a row that brought nothing before the link ends. */
  barrenAnswers: 20,
  /** Rotations of its key that a hello tells, the newest. */
  helloRotations: 4,
  /** From the first byte to a proved peer. */
  handshakeMs: 5_000,
  /** Silence on a link before it counts as dead. */
  idleMs: 15_000,
  /** The longest that a link over its budget is not read at one time. Well below `idleMs`. */
  pauseMs: 2_000,
  /** Links accepted at once, proved or not. */
  links: 256,
  /** Of these from one IPv4 address or one IPv6 network of 64 bits. */
  linksPerAddress: 64,
  /** Addresses a node keeps dialing. */
  dialTargets: 64,
  /** Connections being opened at once. */
  dialsUnderWay: 8,
  /** Protocol versions in a hello. */
  helloVersions: 16,
  /** A refusal's sentence. */
  refusalLength: 500,
  /** One beat's encoded bytes. */
  beatBytes: 4 * 1024,
  /** Addresses in a beat. */
  beatAddresses: 8,
  /** One address, label or activity in a beat. */
  beatTextLength: 256,
  /** The cursor of a chat account in a beat. */
  beatCursorLength: 400,
  /** Links that a beat names. */
  beatLinks: 24,
  /** A piece of an attempt's output in one `log-data`. */
  logBytes: 64 * 1024,
  /** How often a `log-read` is passed on to where the output is. */
  logHops: 2,
  /** One kept file, before it is packed. */
  artifactBytes: 80 * 1024 * 1024,
  /** Kept files that one op names. */
  artifactFiles: 32,
  artifactNameLength: 200,
  /** Members beside the author that may be asked to keep a file. */
  artifactCopies: 8,
  /** Lamport stamps and sequence numbers never pass this. */
  counter: 2 ** 48,
  titleLength: 200,
  textBytes: 16 * 1024,
  /** The Yjs update of one edit of a story. */
  storyUpdateBytes: 56 * 1024,
  /** Pieces of text in it, and places where it deletes. */
  storyStructs: 2_048,
  /** Text in it, in UTF-16 units; what was typed and deleted again counts. */
  storyInserted: 32 * 1024,
  /** Editing sessions whose work one op holds. */
  storySessions: 32,
  /** UTF-16 units that one session may write in all. */
  storyClock: 2 ** 31,
  /** Edits of one story by one feed. */
  storyEdits: 50_000,
  /** Steps that Yjs may take over what others wrote at the same place, for all edits of one text (story/effort.ts). */
  storyEffort: 4_000_000,
  nameLength: 64,
  labels: 32,
  labelLength: 64,
  dependsOn: 64,
  /** Patterns of paths that an item touches, and the length of one. */
  touches: 32,
  touchLength: 120,
  noteLength: 2_000,
  /** Comments on an item that a node still writes; it reads as many as there are. */
  comments: 500,
  /** A path that a comment is about. */
  pathLength: 400,
  gateRuns: 64,
  /** Models that one op tells the cost of. */
  spendModels: 16,
  /** Members that one budget gives a part. */
  budgetShares: 500,
  /** The longest that a ticket is good for. */
  inviteMs: 30 * 24 * 60 * 60 * 1000,
  /** The configuration text a project op carries. */
  configBytes: 16 * 1024,
  /** A cron expression. */
  cronLength: 100,
  /** A principal, room, message or event of a chat platform. */
  chatIdLength: 300,
  /** What a person wrote to the mesh. */
  chatTextLength: 8_000,
  /** Pieces of one message of the mesh. */
  chatSpans: 500,
  /** Messages that one op says were sent. */
  chatSends: 50,
};

export type LimitName =
  | "opBytes"
  | "frameOps"
  | "frameBytes"
  | "packBytes"
  | "packOps"
  | "checkpointTips"
  | "chunkBytes"
  | "messageBytesBeforeProof"
  | "messageBytes"
  | "strangerBytes"
  | "messageFragments"
  | "messageChunks"
  | "upgradeHeaderBytes"
  | "upgradeHeaders"
  | "depth"
  | "elements"
  | "feeds"
  | "locators"
  | "locatorFrames"
  | "outboxBytes"
  | "inboxBytes"
  | "barrenAnswers"
  | "helloRotations"
  | "handshakeMs"
  | "idleMs"
  | "pauseMs"
  | "links"
  | "linksPerAddress"
  | "dialTargets"
  | "dialsUnderWay"
  | "helloVersions"
  | "refusalLength"
  | "beatBytes"
  | "beatAddresses"
  | "beatTextLength"
  | "beatCursorLength"
  | "beatLinks"
  | "logBytes"
  | "logHops"
  | "artifactBytes"
  | "artifactFiles"
  | "artifactNameLength"
  | "artifactCopies"
  | "counter"
  | "titleLength"
  | "textBytes"
  | "storyUpdateBytes"
  | "storyStructs"
  | "storyInserted"
  | "storySessions"
  | "storyClock"
  | "storyEdits"
  | "storyEffort"
  | "nameLength"
  | "labels"
  | "labelLength"
  | "dependsOn"
  | "touches"
  | "touchLength"
  | "noteLength"
  | "comments"
  | "pathLength"
  | "gateRuns"
  | "spendModels"
  | "budgetShares"
  | "inviteMs"
  | "configBytes"
  | "cronLength"
  | "chatIdLength"
  | "chatTextLength"
  | "chatSpans"
  | "chatSends";

/** So much of a kind a second in the long run, and so much at once. */
export interface Budget {
  readonly perSecond: number;
  readonly burst: number;
  /**
   * How long a peer may stay over this budget before its link ends. Null for what an honest peer passes on for others:
   * that is only slowed down, or a hostile member could get honest ones cut.
   */
  readonly patienceMs: number | null;
}

/**
 * What one member may make this node do, over all its links. Whoever is over a budget is not read until it is within it
 * again, so the pressure goes back to where it comes from. The answer to a `want` of this node's own is free: it is asked
 * for one at a time. None of this decides what an op means: what is not taken now is asked for later.
 */
export const BUDGETS: Readonly<Record<BudgetName, Budget>> = {
  /** Links proved; every handshake costs signatures. */
  links: { perSecond: 5, burst: 50, patienceMs: 0 },
  bytes: { perSecond: 32 * 1024 * 1024, burst: 128 * 1024 * 1024, patienceMs: null },
  messages: { perSecond: 2_000, burst: 20_000, patienceMs: null },
  frames: { perSecond: 2_000, burst: 20_000, patienceMs: null },
  /** Frames that were here already. */
  duplicates: { perSecond: 2_000, burst: 5_000, patienceMs: null },
  /** Messages with frames that came before what they build on; what that is may be somebody else's fault. */
  misfits: { perSecond: 200, burst: 2_000, patienceMs: null },
  /** Messages and frames that no honest node sends; each ends its link. */
  junk: { perSecond: 0.05, burst: 4, patienceMs: 0 },
  /**
   * Histories beside another one of a feed of the peer's own key, which it sends itself. A node whose directory was copied
   * or restored makes one now and then; whoever makes many makes everybody fold again and keep them all.
   */
  forks: { perSecond: 0.1, burst: 32, patienceMs: 0 },
  beats: { perSecond: 500, burst: 2_000, patienceMs: null },
  /** `heads` and `heads-page`. */
  heads: { perSecond: 20, burst: 200, patienceMs: 10_000 },
  wants: { perSecond: 50, burst: 200, patienceMs: 10_000 },
  logReads: { perSecond: 20, burst: 100, patienceMs: 10_000 },
};

export type BudgetName =
  | "links"
  | "bytes"
  | "messages"
  | "frames"
  | "duplicates"
  | "misfits"
  | "junk"
  | "forks"
  | "beats"
  | "heads"
  | "wants"
  | "logReads";

/** What one node's own beats may come to on their way through another; more are heard and not passed on. */
export const RELAYED_BEATS: Budget = { perSecond: 10, burst: 20, patienceMs: null };

/** What one node's cursors in stories may come to on their way through another. */
export const RELAYED_CURSORS: Budget = { perSecond: 20, burst: 60, patienceMs: null };

/** Questions for output that a node passes on for others, all together: well below what it may ask anybody itself. */
export const RELAYED_LOG_READS: Budget = { perSecond: 10, burst: 30, patienceMs: null };
