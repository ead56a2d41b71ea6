/**
 * What a node keeps of attempts, decided from what the log names and what is on its disk. Pure. Only the policy deletes
 * anything: what is older than `keepMs`, and, while there is more than `bytes`, the oldest; never what is kept of the newest
 * attempt of an item that is still under way.
 */
import { type Artifacts, compareText, type LiveItem } from "@skein/core";

import type { StoredBlob } from "../ports.ts";

export interface ArtifactSettings {
  /** Members beside this one that shall keep what its attempts leave. */
  readonly copies: number;
  /** How long it is kept here, and how much of it. */
  readonly keepMs: number;
  readonly bytes: number;
}

export const ARTIFACTS: ArtifactSettings = { copies: 2, keepMs: 30 * 24 * 3_600_000, bytes: 2 * 1024 ** 3 };

/** A content that the log names. */
export interface NamedBlob {
  readonly digest: string;
  readonly size: number;
  readonly author: string;
  readonly copies: number;
  /** When it was named: wall time of its author. */
  readonly at: number;
  /** It belongs to the newest attempt of an item that is under way. */
  readonly isPinned: boolean;
}

export function namedBlobs(items: Iterable<Pick<LiveItem, "best" | "annotations">>): readonly NamedBlob[] {
  const named: NamedBlob[] = [];
  for (const { best, annotations } of items) {
    const { artifacts } = annotations;
    if (artifacts.length === 0) continue;
    const { stage } = best.state.stage;
    const newest = stage === "Done" || stage === "Archived" ? 0 : Math.max(...artifacts.map(({ epoch }) => epoch));
    for (const one of artifacts) named.push(...blobsOf(one, one.epoch === newest));
  }
  return named;
}

const blobsOf = ({ member, copies, wall, files }: Artifacts, isPinned: boolean): readonly NamedBlob[] =>
  files.map(({ digest, size }) => ({ digest, size, author: member, copies, at: wall, isPinned }));

/** The members that are to keep a copy: so many of those that are alive, in an order that is each content's own. */
export function keepersOf(
  { digest, author, copies }: NamedBlob,
  alive: readonly string[],
  rank: (digest: string, member: string) => string,
): readonly string[] {
  return alive
    .filter((member) => member !== author)
    .map((member) => ({ member, place: rank(digest, member) }))
    .toSorted((a, b) => compareText(a.place, b.place))
    .slice(0, copies)
    .map(({ member }) => member);
}

export function whatToRemove(
  stored: readonly StoredBlob[],
  named: readonly NamedBlob[],
  { keepMs, bytes }: ArtifactSettings,
  nowMs: number,
): readonly string[] {
  const pinned = new Set(named.flatMap(({ digest, isPinned }) => (isPinned ? [digest] : [])));
  let total = stored.reduce((sum, { packedBytes }) => sum + packedBytes, 0);
  const removed: string[] = [];
  for (const { digest, packedBytes, storedAtMs } of stored.toSorted((a, b) => a.storedAtMs - b.storedAtMs)) {
    if (pinned.has(digest) || (nowMs - storedAtMs < keepMs && total <= bytes)) continue;
    removed.push(digest);
    total -= packedBytes;
  }
  return removed;
}

/** What this node lacks of what it is to keep, the newest first; not more than fits, and nothing that it would delete again. */
export function whatToFetch(
  stored: readonly StoredBlob[],
  wanted: readonly NamedBlob[],
  { keepMs, bytes }: ArtifactSettings,
  nowMs: number,
): readonly NamedBlob[] {
  const here = new Set(stored.map(({ digest }) => digest));
  let total = stored.reduce((sum, { packedBytes }) => sum + packedBytes, 0);
  const fetched: NamedBlob[] = [];
  for (const one of wanted.toSorted((a, b) => b.at - a.at)) {
    if (here.has(one.digest) || nowMs - one.at >= keepMs || total + one.size > bytes) continue;
    here.add(one.digest);
    total += one.size;
    fetched.push(one);
  }
  return fetched;
}
