/**
 * Everything a node needs from the outside world: time, randomness, network, disk, git, processes, files.
 *
 * The engine sees only these interfaces. Adapters implement them for real; a simulator implements them over a seed. An
 * expected failure is a value of the result type; a port that throws has a bug.
 */
import type { SandboxKind } from "@skein/config";
import type { Result, Signer } from "@skein/core";

export type Cancel = () => void;

/** Monotonic time decides, wall time is shown to people. Milliseconds. */
export interface Clock {
  /** Never goes back, says nothing about the date. */
  monoMs(): number;
  /** Unix time; may jump. Never used to order or to expire anything between nodes. */
  wallMs(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. */
  after(delayMs: number, run: () => void): Cancel;
}

export interface Random {
  /** Cryptographically strong in production, seeded in simulation. */
  bytes(length: number): Uint8Array;
}

/** How busy the machine is, for the order in which nodes try to claim. */
export interface MachineState {
  /** Load average per core, in percent. */
  readonly load: number;
  /** The disk that work is done on is almost full. */
  readonly lowDisk: boolean;
}

// ── disk ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What went wrong on disk, so that the node can say it and degrade instead of guessing. */
export interface StoreError {
  readonly type: "disk-full" | "disk-io" | "read-only" | "corrupt";
  readonly message: string;
}

/**
 * A record of the log: one signed frame, or a pack of `count` frames, which takes the places of all of them. Exact bytes
 * in, exact bytes out. `position` is the place of its first frame in this node's log, from 1.
 */
export interface StoredFrame {
  readonly position: number;
  /** 1 when it is left out. */
  readonly count?: number;
  readonly bytes: Uint8Array;
}

export interface LogStore {
  /**
   * Every record with a frame at this position or a later one, in the order this node accepted them, which is a causal
   * order. Records may be appended and replaced while somebody iterates.
   */
  frames(fromPosition: number): IterableIterator<StoredFrame>;
  /** The record that holds the frame at this position, undefined when there is none. */
  frame(position: number): StoredFrame | undefined;
  /** One transaction, fsynced before it returns. Nothing is kept when it fails. */
  append(frames: readonly StoredFrame[]): Result<void, StoreError>;
  /** Puts one record in the place of the records that hold exactly its positions. Durable when it returns. */
  replace(record: StoredFrame): Result<void, StoreError>;
  /** Small durable facts beside the log (incarnation, known peers). */
  getMeta(key: string): Uint8Array | undefined;
  putMeta(key: string, value: Uint8Array): Result<void, StoreError>;
  close(): void;
}

/** This node's own key, and the one that is to follow it. */
export interface NodeKeys {
  /** What the node signs with. */
  current(): Signer;
  /** A durable key that was made to follow the current one; undefined while there is none. */
  prepared(): Signer | undefined;
  /** The prepared key, made when there is none. It is durable when this returns. */
  prepare(): Result<Signer, string>;
  /** From now on the prepared key is the current one. An error says only that the disk did not follow yet. */
  adopt(): Result<void, string>;
}

// ── network ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface LinkHandlers {
  /** One whole message, already within the size limit in force. */
  onMessage(bytes: Uint8Array): void;
  onClose(reason: string): void;
}

/** An ordered, reliable, message-framed connection to one peer. Not authenticated by itself. */
export interface Link {
  readonly remoteAddress: string;
  /** `full` when the peer does not drain its queue; the message was not sent. */
  send(bytes: Uint8Array): "sent" | "full" | "closed";
  bufferedBytes(): number;
  /** How long the other end took to answer the last sign of life, ms; undefined before the first answer. For people. */
  rttMs(): number | undefined;
  /** Reads nothing more until `resume`; what was read already may still arrive. Both may be called at any time. */
  pause(): void;
  resume(): void;
  /** Raises the frame limit once the peer is authenticated. */
  setMaxMessageBytes(bytes: number): void;
  close(reason: string): void;
}

export interface PeerNet {
  /**
   * Resolves with an open link, or with one sentence saying why there is none. `mayReach` judges the IP addresses that the
   * host's name stands for; without it every one will do.
   */
  dial(
    url: string,
    handlers: (link: Link) => LinkHandlers,
    mayReach?: (ip: string) => boolean,
  ): Promise<Result<Link, string>>;
  /** Starts accepting; resolves with the bound URL (`ws://host:port`). */
  listen(
    address: { host: string; port: number },
    accept: (link: Link) => LinkHandlers,
  ): Promise<Result<string, string>>;
  close(): Promise<void>;
}

// ── git ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A git object id: 40 (SHA-1) or 64 (SHA-256) lowercase hex digits. */
export type Oid = string;

/**
 * `remote-unreachable` and `unknown-outcome` are retried after reading again; `refused` is the remote saying no (hook,
 * protection, dirty checkout); the others need a person. `message` is one sentence fit to be shown.
 */
export interface GitError {
  readonly type:
    | "not-a-repository"
    | "no-commits"
    | "missing-branch"
    /** The remote's branch of this name is another node's work. */
    | "branch-taken"
    | "remote-unreachable"
    | "refused"
    | "unknown-outcome"
    | "bad-object"
    | "disk"
    | "aborted"
    | "git-failed";
  readonly message: string;
}

/** A fresh clone for one attempt: `directory` is checked out on `branch`, which starts at `base`. */
export interface AttemptWorkspace {
  readonly directory: string;
  readonly branch: string;
  readonly base: Oid;
  /** Where the branch began: the base, or unfinished work of an earlier attempt. */
  readonly start: Oid;
}

/** What an agent left on its branch: its tip, that tip's tree, how many commits it is ahead of the base, and on which paths. */
export interface AttemptResult {
  readonly tip: Oid;
  readonly tree: Oid;
  readonly commitsAhead: number;
  /** Patterns of the paths that differ from the base; left out where nobody has looked. */
  readonly touched?: readonly string[];
}

export type MergeOutcome =
  | { readonly type: "merged"; readonly commit: Oid; readonly tree: Oid }
  | { readonly type: "conflict"; readonly paths: readonly string[] };

export type PushOutcome =
  /** The remote ref moved from `expected` to `commit`. */
  | { readonly type: "moved" }
  /** The ref was not at `expected` any more; nothing happened. */
  | { readonly type: "stale" };

/** One file that an attempt has changed. Path and patch are anybody's text. */
export interface ChangedFile {
  readonly path: string;
  /** Where it was before it was moved. */
  readonly from: string | null;
  readonly change: "added" | "deleted" | "renamed" | "changed";
  readonly sort: "file" | "symlink" | "submodule";
  /** Unified diff with its header, also of a binary file, which it names as one. Null where it is too long to be shown. */
  readonly patch: string | null;
}

export interface Changes {
  /** Where the attempt left the target branch. */
  readonly base: Oid;
  readonly tip: Oid;
  /** At most 300, by path, with patches of at most 1 MiB in all. */
  readonly files: readonly ChangedFile[];
  readonly filesLeftOut: number;
}

/**
 * One project's repository as this node uses it: a private bare mirror, fresh clones for attempts, and the remote.
 * Branch names come from us (`skein/<item>/<epoch>`), never from a story. Every call may be aborted.
 */
export interface Repository {
  /** Fetches the target branch from the remote and returns its tip. */
  fetchBase(signal: AbortSignal): Promise<Result<Oid, GitError>>;
  /** Every item id named by a `Skein-Item` trailer on the first-parent chain of `tip`, with the landing commit. */
  landings(tip: Oid, signal: AbortSignal): Promise<Result<ReadonlyMap<string, Oid>, GitError>>;
  /** The content of a file at a commit, or undefined when it is not there. At most 256 KiB. */
  readFile(commit: Oid, path: string, signal: AbortSignal): Promise<Result<string | undefined, GitError>>;
  /**
   * A fresh clone with a new branch at `start`, or at `base` where no work is gone on with. An earlier directory of the same
   * attempt is removed first.
   */
  openAttempt(
    attempt: { readonly item: string; readonly epoch: number; readonly base: Oid; readonly start?: Oid },
    signal: AbortSignal,
  ): Promise<Result<AttemptWorkspace, GitError>>;
  /**
   * What the last attempt of the item before this epoch had committed when this node died, taken into the mirror. Its
   * directory is gone afterwards. Undefined when there is none, or nothing in it.
   */
  recoverAttempt(
    attempt: { readonly item: string; readonly epoch: number; readonly base: Oid },
    signal: AbortSignal,
  ): Promise<Result<AttemptResult | undefined, GitError>>;
  /** Takes the attempt's commits into the mirror (object checks on); works with zero commits ahead too. */
  collectAttempt(workspace: AttemptWorkspace, signal: AbortSignal): Promise<Result<AttemptResult, GitError>>;
  /** Pushes an attempt's tip to the remote as its branch, so that a survivor can go on with it. */
  publishBranch(branch: string, tip: Oid, signal: AbortSignal): Promise<Result<void, GitError>>;
  /**
   * Deletes from the remote what this node has published for these items, where it is still there as it was pushed. Returns
   * the names of the branches that went; an error when one resists.
   */
  deleteBranches(items: ReadonlySet<string>, signal: AbortSignal): Promise<Result<readonly string[], GitError>>;
  /** Makes sure that a published attempt's tip is in the mirror. */
  fetchBranch(branch: string, tip: Oid, signal: AbortSignal): Promise<Result<void, GitError>>;
  /** What a tip in the mirror changes; `landed` is the commit it landed as, left out while it has not. */
  diff(
    inputs: { readonly tip: Oid; readonly landed?: Oid | undefined },
    signal: AbortSignal,
  ): Promise<Result<Changes, GitError>>;
  /** The merge of `tip` into `base` without a checkout; the same inputs give the same commit on every node. */
  merge(
    inputs: { readonly base: Oid; readonly tip: Oid; readonly message: string; readonly atSeconds: number },
    signal: AbortSignal,
  ): Promise<Result<MergeOutcome, GitError>>;
  /**
   * One commit on `base` for attempts that were merged one behind the other, with all their tips as parents: everything that
   * lands has the tree that was tested. The same inputs give the same commit on every node.
   */
  join(
    inputs: {
      readonly base: Oid;
      readonly tips: readonly Oid[];
      readonly tree: Oid;
      readonly message: string;
      readonly atSeconds: number;
    },
    signal: AbortSignal,
  ): Promise<Result<Oid, GitError>>;
  /** A throw-away clone with exactly this commit checked out, for the gate. */
  openCheckout(commit: Oid, name: string, signal: AbortSignal): Promise<Result<string, GitError>>;
  /**
   * Compare-and-swap of the target branch on the remote: `expected` → `commit`. Nothing is pushed unless the commit reads
   * back as the landing of these items in this order and of no others.
   */
  land(
    move: { readonly items: readonly string[]; readonly expected: Oid; readonly commit: Oid },
    signal: AbortSignal,
  ): Promise<Result<PushOutcome, GitError>>;
  /** Deletes an attempt's or a checkout's directory. Never throws; what cannot be removed is left for the next start. */
  remove(directory: string): Promise<void>;
}

// ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ProcessSpec {
  /** Executed without a shell. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed; with `talk` it stays open. */
  readonly stdin: string;
  /** A conversation: standard output is heard instead of handed to `onOutput`. */
  readonly talk?: Talk;
  readonly limits: ProcessLimits;
  /** What it is shut in; left out, it has all rights of the node's user. */
  readonly room?: Room;
  /** Standard output and standard error, in the order they were read. */
  readonly onOutput: (chunk: Uint8Array) => void;
  /** While the process waits for a person, its silence is excused; it counts anew from the end of that. */
  readonly excuse?: Excuse;
}

/** What one run may take, with everything it starts. Where a limit is left out there is none. */
export interface ProcessLimits {
  readonly wallMs: number;
  readonly idleMs: number;
  readonly outputBytes: number;
  readonly cpuMs?: number;
  readonly memoryBytes?: number;
  readonly processes?: number;
  /** What the directories it may write, and its temporary files, may take together. */
  readonly diskBytes?: number;
}

export type LimitName = "wall" | "idle" | "output" | "cpu" | "memory" | "processes" | "disk";

/** The other end of a child's standard input and output. */
export interface Talk {
  /** The child runs. Called once, before anything is heard. */
  begin(line: TalkLine): void;
  /** What the child wrote to standard output. It counts against the limit of output and is part of its digest. */
  hear(chunk: Uint8Array): void;
}

export interface TalkLine {
  /** `full` when the child does not read what it is sent; nothing was written then. */
  write(bytes: Uint8Array): "sent" | "full" | "closed";
  /** Standard input ends. */
  end(): void;
}

export interface Excuse {
  holds(): boolean;
  onEnd(listener: () => void): void;
}

export type ProcessEnd =
  | { readonly type: "exited"; readonly code: number }
  | { readonly type: "signalled"; readonly signal: string }
  | { readonly type: "limit"; readonly limit: LimitName }
  | { readonly type: "aborted" }
  /** The sandbox could not be made, so nothing ran: this machine's trouble, and not the program's. */
  | { readonly type: "no-room"; readonly message: string }
  | { readonly type: "not-started"; readonly message: string };

export interface ProcessResult {
  readonly end: ProcessEnd;
  readonly durationMs: number;
  readonly outputBytes: number;
  /** SHA-256 (hex) of all output that was captured. */
  readonly outputDigest: string;
}

export interface Processes {
  /** Runs to the end; then nothing of the process tree is left, however it ended. */
  run(spec: ProcessSpec, signal: AbortSignal): Promise<ProcessResult>;
}

// ── sandboxes ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a process that is shut in may see and do. Paths are absolute, and the same inside as outside. */
export interface Room {
  readonly sandbox: ShuttingSandbox;
  readonly write: readonly string[];
  readonly read: readonly string[];
  /** Hosts that the project asks for (see `parseHostPattern`); what this machine allows is another list. */
  readonly network: readonly string[];
  /** Hears one sentence for each thing that was refused on the way out. */
  readonly onRefused: (message: string) => void;
}

export type ShuttingSandbox = Exclude<SandboxKind, "none">;

/** A command of a room, as it is started outside of it. */
export interface Entered {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The process that all of the room descends from and ends with, by the one that was started; undefined before it is there. */
  readonly keeper: (started: number) => number | undefined;
  /** Private file systems that only those inside see. */
  readonly scratch: readonly string[];
  /** Its fourth descriptor is read: what came there and how it ended tell whether the program was ever reached. */
  readonly ran: (status: string, end: ProcessEnd) => boolean;
  /** Called once when it has ended with everything it started. */
  leave(): Promise<void>;
}

export interface Rooms {
  /** `not-started`: the program's own trouble (it is not there). */
  enter(
    room: Room,
    command: Pick<ProcessSpec, "argv" | "cwd" | "env" | "limits">,
  ): Promise<Result<Entered, Extract<ProcessEnd, { readonly type: "no-room" | "not-started" }>>>;
}

export interface Sandboxes {
  /** One sentence saying why nothing can be shut in like this here; undefined when it can, as far as is known. */
  refusal(kind: ShuttingSandbox): string | undefined;
  /** What shuts things in, for people (`bubblewrap 0.8.0`). Undefined while there is a refusal. */
  describe(kind: ShuttingSandbox): string | undefined;
}

// ── questions of agents ─────────────────────────────────────────────────────────────────────────────────────────────

/** One attempt's way to ask. What comes in is an agent's: named by a checked word, bounded in size, and otherwise anything. */
export interface AskingPlace {
  /** The directory that the agent is told of; nobody else writes there. */
  readonly directory: string;
  /** Gives a question's answer, once. A reason why it could not be given is one sentence. */
  answer(name: string, text: string): Result<void, string>;
  /** Says in one sentence why there is no answer. */
  refuse(name: string, why: string): Result<void, string>;
  /** What the agent has put into `usage.jsonl`; undefined while there is none. The reason why it cannot be read is one sentence. */
  readUsage(): Result<Uint8Array | undefined, string>;
  /** Nothing is read any more, and the directory goes. */
  close(): Promise<void>;
}

export interface AskedFile {
  /** `[a-z0-9-]{1,20}`; each is told once. */
  readonly name: string;
  /** Its bytes, or one sentence saying why they are none. */
  readonly content: Result<Uint8Array, string>;
}

export interface Asking {
  /** A fresh place. Fails with one sentence. `onTrouble` hears of what keeps questions from being read at all. */
  open(
    attempt: { readonly item: string; readonly epoch: number },
    onAsked: (asked: AskedFile) => void,
    onTrouble: (message: string) => void,
  ): Result<AskingPlace, string>;
}

// ── agents that hold a conversation ─────────────────────────────────────────────────────────────────────────────────

/** One turn of an agent that is talked to, from its start to the end of its process tree. */
export interface TurnSpec {
  /** How the agent's process runs; `cwd` is where it works. */
  readonly process: Omit<ProcessSpec, "stdin" | "talk">;
  /** What the agent is told in a session of its own, and in one that it goes on with. */
  readonly prompt: { readonly fresh: string; readonly again: string };
  /** The session of an earlier attempt, when there is one. */
  readonly earlier: AgentSession | undefined;
  /**
   * What becomes of the agent's requests for permission: a person is asked, or the answer is always the same; `look` allows
   * once what the agent itself calls reading, searching or thinking, and denies the rest.
   */
  readonly permissions: "ask" | "allow" | "deny" | "look";
  /** Resolves with the answer, or with one sentence saying why there is none. `signal`: nobody waits for it any more. */
  readonly ask: (question: AgentQuestion, signal: AbortSignal) => Promise<Result<string, string>>;
  /** What the turn has used so far, whenever the agent tells more of it. */
  readonly onUsage: (usage: Usage) => void;
  /** The session that the agent works in, as soon as there is one, and again with what it has cost. */
  readonly onSession: (session: AgentSession) => void;
}

/** A session as this node remembers it. `id` is the agent's word for it and means nothing to anybody else. */
export interface AgentSession {
  readonly id: string;
  /** What the session has cost so far, where the agent tells. */
  readonly costUsd?: number;
}

export interface AgentQuestion {
  readonly text: string;
  /** Empty when any text is an answer. */
  readonly options: readonly string[];
  /** The options that the words `allow` and `deny` of a project's `ask.fallback` stand for. */
  readonly fallbacks: ReadonlyMap<string, string>;
}

/** What one turn took. What the agent does not tell is not there, and never 0. */
export interface Usage {
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly costUsd?: number;
}

export type TurnEnd =
  /** The agent ended its turn or failed in it; `words` follow "The agent". `isDone`: by its own word it has come to its end. */
  | { readonly type: "ended"; readonly words: string; readonly isDone?: true }
  /** Its provider lets it do no more for now; `until` is wall time. */
  | { readonly type: "rate-limited"; readonly why: string; readonly until?: number }
  /** There was no session to work in: this machine's trouble, not the story's. */
  | { readonly type: "not-started"; readonly why: string }
  /** The process ended, or was ended, in the middle of the turn. */
  | { readonly type: "process" };

export interface TurnResult {
  readonly end: TurnEnd;
  readonly process: ProcessResult;
  readonly usage: Usage;
  /** The end of what the agent has said in this turn, as text; thoughts and reports of tools are not in it. */
  readonly said: string;
}

export interface TurnAgents {
  run(spec: TurnSpec, signal: AbortSignal): Promise<TurnResult>;
}

/** Which session an agent had for an item on this node. A note for oneself: never replicated, and no authority. */
export interface SessionNotes {
  get(item: string, argv: readonly string[]): AgentSession | undefined;
  /** One sentence when it could not be kept; then the next attempt starts afresh. */
  put(item: string, argv: readonly string[], session: AgentSession): Result<void, string>;
}

// ── attempt logs ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The captured output of attempts run on this node, one growing file each. */
export interface AttemptLogs {
  append(attempt: { readonly item: string; readonly epoch: number }, chunk: Uint8Array): void;
  /** Up to `maxBytes` from `offset`; `end` is the size now. Undefined when this node has no such log. */
  read(
    attempt: { readonly item: string; readonly epoch: number },
    offset: number,
    maxBytes: number,
  ): { readonly bytes: Uint8Array; readonly end: number } | undefined;
  /** What was kept under a digest is not needed twice. */
  remove?(attempt: { readonly item: string; readonly epoch: number }): void;
  /** Epochs of an item that have a log here, ascending. */
  epochs(item: string): readonly number[];
}

// ── kept files ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Contents by their SHA-256 (hex). What stands under a digest is what the digest says. */
export interface Blobs {
  /** Takes a content; fails with one sentence when there is more of it than it may have, or no room. */
  keep(
    source: Iterable<Uint8Array>,
    maxBytes: number,
  ): Promise<Result<{ readonly digest: string; readonly size: number }, string>>;
  has(digest: string): boolean;
  /** A piece of the packed content, to be sent; undefined when it is not here. */
  readPacked(
    digest: string,
    offset: number,
    maxBytes: number,
  ): { readonly bytes: Uint8Array; readonly end: number } | undefined;
  /** A packed content from somewhere else, of this size when unpacked. May throw in `write` when the disk refuses. */
  receive(digest: string, size: number): ReceivingBlob;
  /** The content, checked; undefined when it is not here. */
  content(digest: string, maxBytes: number): Promise<Result<Uint8Array | undefined, string>>;
  list(): readonly StoredBlob[];
  remove(digest: string): void;
}

/** A file that a project asked to keep. Its content can be read once. */
export interface DeclaredFile {
  readonly name: string;
  readonly content: Iterable<Uint8Array>;
}

/** The files below a directory that match one of the patterns. What cannot be taken is told in one sentence each. */
export type DeclaredFiles = (
  directory: string,
  patterns: readonly string[],
  onRefused: (message: string) => void,
) => readonly DeclaredFile[];

export interface ReceivingBlob {
  write(packed: Uint8Array): void;
  /** Keeps it when it is what its digest says. */
  finish(): Promise<Result<void, string>>;
  abandon(): void;
}

export interface StoredBlob {
  readonly digest: string;
  readonly packedBytes: number;
  /** Wall time. */
  readonly storedAtMs: number;
}
