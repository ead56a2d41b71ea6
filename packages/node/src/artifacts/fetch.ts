/**
 * Brings a content here from whichever peer has it, with the questions that ask for output: a digest in the place of the
 * item, and epoch 0. Nobody is believed: what came is kept only when it is what its digest says, and no more is taken than
 * a content of its size can be packed into. Nobody is waited for either: each piece but the last is a whole one, a peer has so
 * long for a content of this size, and a node that stops waits for no peer at all.
 */
import { err, LIMITS, ok, type Result } from "@skein/core";

import type { PeerLink } from "../links/peer-link.ts";
import type { PeerReads, PieceAnswer } from "../peer-reads.ts";
import type { Blobs, Cancel, Clock, ReceivingBlob } from "../ports.ts";

export interface FetchDeps {
  readonly clock: Pick<Clock, "after">;
  readonly blobs: Pick<Blobs, "receive">;
  readonly reads: Pick<PeerReads, "ask">;
  readonly links: () => readonly PeerLink[];
}

export interface Fetched {
  readonly digest: string;
  readonly size: number;
}

/** Packing what cannot be packed makes it longer by a little. */
const packedMax = (size: number): number => size + Math.ceil(size / 1_000) + 1_024;

const ANY_MS = 10_000;
const PIECE_MS = 500;

/** What one peer has for it: a slow line brings a piece in half a second. */
const timeFor = (size: number): number => ANY_MS + Math.ceil(packedMax(size) / LIMITS.logBytes) * PIECE_MS;

/** The peers are asked one by one, those of `first` before the others; then whoever is behind them. */
export async function fetchBlob(
  deps: FetchDeps,
  { digest, size }: Fetched,
  first: readonly PeerLink[],
  stop: AbortSignal,
): Promise<Result<void, string>> {
  let problem = "no node that is reached has it";
  const sources: readonly Source[] = [
    ...[...new Set([...first, ...deps.links()])].map((link) => ({ links: [link], hops: 0 })),
    { links: deps.links(), hops: LIMITS.logHops },
  ];
  for (const source of sources) {
    if (stop.aborted) break;
    const patience = patienceFor(deps, size, stop);
    const fetched = await fetchFrom(deps, { digest, size }, source, patience.signal);
    patience.cancel();
    if (fetched === undefined) continue;
    if (fetched.ok) return fetched;
    problem = fetched.error;
  }
  return err(stop.aborted ? "this node is stopping" : problem);
}

interface Source {
  readonly links: readonly PeerLink[];
  readonly hops: number;
}

function patienceFor(
  { clock }: FetchDeps,
  size: number,
  stop: AbortSignal,
): { readonly signal: AbortSignal; readonly cancel: Cancel } {
  const deadline = new AbortController();
  const cancel = clock.after(timeFor(size), () => deadline.abort());
  return { signal: AbortSignal.any([stop, deadline.signal]), cancel };
}

/** Undefined when it is not there. */
async function fetchFrom(
  { blobs, reads }: FetchDeps,
  { digest, size }: Fetched,
  { links, hops }: Source,
  signal: AbortSignal,
): Promise<Result<void, string> | undefined> {
  const ask: Ask = (offset) => unlessAborted(reads.ask(links, { item: digest, epoch: 0, offset }, hops), signal);
  const piece = await ask(0);
  if (signal.aborted) return err(TOO_SLOW);
  if (piece === undefined || piece.epoch === 0) return undefined;
  if (piece.end > packedMax(size)) return err("a node offered more than it can be");
  const receiving = blobs.receive(digest, size);
  const problem = await receiveAll(receiving, piece, ask);
  if (problem !== undefined) {
    receiving.abandon();
    return err(signal.aborted ? TOO_SLOW : problem);
  }
  const finished = await receiving.finish();
  return finished.ok ? ok(undefined) : err(`what a node sent is not it: ${finished.error}`);
}

const TOO_SLOW = "the node that has it was too slow";

type Ask = (offset: number) => Promise<PieceAnswer | undefined>;

/** Why it could not be had; undefined when all of it is here. */
async function receiveAll(receiving: ReceivingBlob, first: PieceAnswer, ask: Ask): Promise<string | undefined> {
  const { end } = first;
  let offset = 0;
  try {
    for (let piece: PieceAnswer | undefined = first; ; piece = await ask(offset)) {
      if (piece === undefined) return "the node that has it stopped in the middle";
      // A peer that sends less at a time keeps this one asking, and one whose end moves has no end.
      if (piece.end !== end || piece.bytes.length !== Math.min(LIMITS.logBytes, end - offset)) {
        return "the node that has it sent something else than the next piece";
      }
      receiving.write(piece.bytes);
      offset += piece.bytes.length;
      if (offset >= end) return undefined;
    }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Undefined as soon as it is aborted; what comes later is nobody's. */
const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    return void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
