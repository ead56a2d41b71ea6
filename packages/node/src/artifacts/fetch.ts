/**
 * Brings a content here from whichever peer has it, with the questions that ask for output: a digest in the place of the
 * item, and epoch 0. Nobody is believed: what came is kept only when it is what its digest says, and no more is taken than
 * a content of its size can be packed into.
 */
import { err, LIMITS, ok, type Result } from "@skein/core";

import type { PeerLink } from "../links/peer-link.ts";
import type { PeerReads, PieceAnswer } from "../peer-reads.ts";
import type { Blobs } from "../ports.ts";

export interface FetchDeps {
  readonly blobs: Blobs;
  readonly reads: Pick<PeerReads, "ask">;
  readonly links: () => readonly PeerLink[];
}

export interface Fetched {
  readonly digest: string;
  readonly size: number;
}

/** Packing what cannot be packed makes it longer by a little. */
const packedMax = (size: number): number => size + Math.ceil(size / 1_000) + 1_024;

/** The peers are asked one by one, those of `first` before the others; then whoever is behind them. */
export async function fetchBlob(
  deps: FetchDeps,
  { digest, size }: Fetched,
  first: readonly PeerLink[],
): Promise<Result<void, string>> {
  let problem = "no node that is reached has it";
  const sources: readonly Source[] = [
    ...[...new Set([...first, ...deps.links()])].map((link) => ({ links: [link], hops: 0 })),
    { links: deps.links(), hops: LIMITS.logHops },
  ];
  for (const source of sources) {
    const fetched = await fetchFrom(deps, { digest, size }, source);
    if (fetched === undefined) continue;
    if (fetched.ok) return fetched;
    problem = fetched.error;
  }
  return err(problem);
}

interface Source {
  readonly links: readonly PeerLink[];
  readonly hops: number;
}

/** Undefined when it is not there. */
async function fetchFrom(
  { blobs, reads }: FetchDeps,
  { digest, size }: Fetched,
  { links, hops }: Source,
): Promise<Result<void, string> | undefined> {
  const ask = (offset: number): Promise<PieceAnswer | undefined> =>
    reads.ask(links, { item: digest, epoch: 0, offset }, hops);
  let piece = await ask(0);
  if (piece === undefined || piece.epoch === 0) return undefined;
  const { end } = piece;
  if (end > packedMax(size)) return err("a node offered more than it can be");
  const receiving = blobs.receive(digest, size);
  try {
    for (let offset = 0; ;) {
      if (piece === undefined || piece.bytes.length === 0 || piece.end !== end) {
        receiving.abandon();
        return err("the node that has it stopped in the middle");
      }
      receiving.write(piece.bytes);
      offset += piece.bytes.length;
      if (offset > end) {
        receiving.abandon();
        return err("a node sent more than it said");
      }
      if (offset === end) break;
      piece = await ask(offset);
    }
  } catch (cause) {
    receiving.abandon();
    return err(cause instanceof Error ? cause.message : String(cause));
  }
  const finished = await receiving.finish();
  return finished.ok ? ok(undefined) : err(`what a node sent is not it: ${finished.error}`);
}
