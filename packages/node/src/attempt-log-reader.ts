/**
 * Reads an attempt's captured output from wherever it is: this node's disk, or over links from the node that captured it.
 * What it gives out is fit to be shown: colors stay, and nothing else that a terminal would obey.
 */
import {
  type BoardAttempt,
  type CommandError,
  err,
  findItem,
  ITEM_ID,
  LIMITS,
  type Message,
  ok,
  type Result,
  shownOutput,
  type View,
} from "@skein/core";

import type { LogChunk } from "./api.ts";
import type { PeerLink } from "./links/peer-link.ts";
import { createPeerReads, type PeerReads, type PieceAnswer, type PieceQuestion } from "./peer-reads.ts";
import type { AttemptLogs, Blobs, Cancel, Clock } from "./ports.ts";

export interface LogReaderDeps {
  readonly clock: Clock;
  readonly logs: AttemptLogs;
  /** This node's member id. */
  readonly self: () => string;
  readonly view: () => View;
  readonly attempts: () => ReadonlyMap<string, BoardAttempt>;
  /** The link to a member, by its id. */
  readonly linkTo: (member: string) => PeerLink | undefined;
  /** Links to all members that there is one to. */
  readonly links: () => readonly PeerLink[];
  readonly nameOf: (key: string) => string;
  /** Is an attempt of this item and epoch running here? */
  readonly isRunning: (item: string, epoch: number) => boolean;
  /** What is kept by its digest; a node without it keeps nothing. */
  readonly blobs?: Blobs | undefined;
  /** The whole log of an attempt that has ended, from whoever kept it. */
  readonly kept?: (attempt: BoardAttempt) => Promise<Uint8Array | undefined>;
}

export interface LogReader {
  read(query: {
    readonly item: string;
    readonly epoch?: number;
    readonly offset: number;
  }): Promise<Result<LogChunk, CommandError>>;
  /** A question or an answer of a peer. */
  receive(link: PeerLink, message: Message): void;
  readonly reads: PeerReads;
  /** Nothing is held for readers any more. */
  stop(): void;
}

type Piece = Pick<PieceAnswer, "epoch" | "bytes" | "end" | "ended">;

export function createLogReader(deps: LogReaderDeps): LogReader {
  const packed = ({ item: digest, offset }: PieceQuestion): Piece | undefined => {
    const found = deps.blobs?.readPacked(digest, offset, LIMITS.logBytes);
    return found === undefined ? undefined : { epoch: 1, ended: true, ...found };
  };
  const lastKept = createLastKept(deps);
  const local = ({ item, epoch, offset }: PieceQuestion): Piece | undefined => {
    const ended = !deps.isRunning(item, epoch);
    const found = ITEM_ID.test(item) ? deps.logs.read({ item, epoch }, offset, LIMITS.logBytes) : undefined;
    if (found !== undefined) return { epoch, ended, ...found };
    // It has printed nothing yet.
    return ended ? undefined : { epoch: 0, bytes: new Uint8Array(), end: 0, ended };
  };
  const holderOf = ({ item, epoch }: PieceQuestion): string | undefined => pickAttempt(deps, item, epoch)?.node;

  const peers = createPeerReads({
    clock: deps.clock,
    // Two nodes may have held one epoch: of two logs the one is meant that the asker's board shows.
    own: (question, isPassedOn) => {
      if (isDigest(question)) return packed(question);
      return isPassedOn && holderOf(question) !== deps.self() ? undefined : local(question);
    },
    onward: (question) => {
      if (isDigest(question)) return { holder: undefined, others: deps.links() };
      const holder = holderOf(question);
      if (holder === undefined || holder === deps.self()) return { holder: undefined, others: [] };
      return { holder: deps.linkTo(holder), others: deps.links() };
    },
  });

  const pieceOf = async (attempt: BoardAttempt, question: PieceQuestion): Promise<Piece | undefined> =>
    (await liveOf(attempt.node, question)) ?? (await lastKept.read(attempt, question.offset));
  const liveOf = (node: string, question: PieceQuestion): Promise<Piece | undefined> => {
    if (node === deps.self()) return Promise.resolve(local(question));
    const link = deps.linkTo(node);
    return link === undefined ? peers.ask(deps.links(), question, LIMITS.logHops) : peers.ask([link], question, 0);
  };

  return {
    reads: peers,
    stop: () => lastKept.forget(),
    receive: (link, message) => peers.receive(link, message),
    read: async ({ item: ref, epoch, offset }) => {
      const item = findItem(deps.view(), ref);
      if (!item.ok) return item;
      const attempt = pickAttempt(deps, item.value.id, epoch);
      if (attempt === undefined) {
        return err({
          code: "not-found",
          message: `Item ${item.value.id} has no attempt${epoch === undefined ? "" : ` of epoch ${epoch}`} with a log.`,
        });
      }
      const { node, epoch: at } = attempt;
      const piece = await pieceOf(attempt, { item: item.value.id, epoch: at, offset });
      return piece === undefined
        ? err(whyNone(deps, attempt))
        : ok(toChunk({ item: item.value.id, epoch: at, node, offset }, piece));
    },
  };
}

const isDigest = ({ item, epoch }: PieceQuestion): boolean => epoch === 0 && /^[0-9a-f]{64}$/.test(item);

const LAST_KEPT_MS = 30_000;

/** Pieces of a kept log: whoever reads one reads all of it, so it stays unpacked for a moment. One at a time. */
function createLastKept({ clock, kept }: LogReaderDeps): {
  read(attempt: BoardAttempt, offset: number): Promise<Piece | undefined>;
  forget(): void;
} {
  let last: { readonly key: string; readonly bytes: Uint8Array } | undefined;
  let cancel: Cancel = () => undefined;
  const read = async (attempt: BoardAttempt, offset: number): Promise<Piece | undefined> => {
    const key = `${attempt.item}/${attempt.epoch}/${attempt.node}`;
    const all = last?.key === key ? last.bytes : await kept?.(attempt);
    if (all === undefined) return undefined;
    last = { key, bytes: all };
    cancel();
    cancel = clock.after(LAST_KEPT_MS, () => (last = undefined));
    const from = Math.min(offset, all.length);
    return { epoch: attempt.epoch, bytes: all.subarray(from, from + LIMITS.logBytes), end: all.length, ended: true };
  };
  return { read, forget: () => cancel() };
}

function whyNone({ self, linkTo, nameOf }: LogReaderDeps, { node, epoch }: BoardAttempt): CommandError {
  if (node === self()) {
    return { code: "not-found", message: `The log of epoch ${epoch} was captured here, and is not here any more.` };
  }
  const where = `The log of epoch ${epoch} is on ${nameOf(node)}`;
  return linkTo(node) === undefined
    ? {
        code: "unavailable",
        message: `${where}, which this node has no link to right now. Ask there, or try again when it is back.`,
      }
    : { code: "unavailable", message: `${where}, which has not given it out. Ask there, or try again.` };
}

/** The epoch asked for, else the newest attempt. */
function pickAttempt(
  deps: Pick<LogReaderDeps, "attempts">,
  item: string,
  epoch: number | undefined,
): BoardAttempt | undefined {
  const own = [...deps.attempts().values()].filter((attempt) => attempt.item === item);
  if (epoch !== undefined) return own.find((attempt) => attempt.epoch === epoch);
  return own.toSorted((a, b) => b.epoch - a.epoch)[0];
}

/** What can be shown of a piece; what is cut off at its end comes with the next one, if there is one. */
function toChunk(place: Pick<LogChunk, "item" | "epoch" | "node" | "offset">, { bytes, end, ended }: Piece): LogChunk {
  const isLast = ended && place.offset + bytes.length >= end;
  const shown = shownOutput(bytes, isLast);
  const nextOffset = place.offset + shown.bytes;
  return { ...place, text: shown.text, nextOffset, end, ended: ended && nextOffset >= end };
}

const LAST_OUTPUT_BYTES = 4_096;

/** The end of the newest log of the item that is older than this epoch. */
export function lastOutputOf(logs: AttemptLogs, item: string, epoch: number): string {
  const earlier = logs.epochs(item).findLast((one) => one < epoch);
  if (earlier === undefined) return "";
  const size = logs.read({ item, epoch: earlier }, 0, 0)?.end ?? 0;
  const read = logs.read({ item, epoch: earlier }, Math.max(0, size - LAST_OUTPUT_BYTES), LAST_OUTPUT_BYTES);
  return read === undefined ? "" : new TextDecoder().decode(read.bytes);
}
