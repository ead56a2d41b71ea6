/**
 * What attempts leave: keeps the logs of this node's attempts by their digests once they have ended, copies what other
 * nodes' attempts left when this node is one of those that shall have it, deletes what the policy says, and reads any of
 * it from here or from whoever has it. One thing after the other; nobody waits for it but who reads.
 */
import {
  type ArtifactFile,
  type BoardAttempt,
  type CommandError,
  type Crypto,
  err,
  isLive,
  keptFiles,
  type KeptFile,
  LIMITS,
  type LiveItem,
  ok,
  type Result,
  type Role,
  roleAtLeast,
  type View,
} from "@skein/core";

import type { KeptContent } from "../api.ts";
import type { Incidents } from "../incidents.ts";
import type { PeerLink } from "../links/peer-link.ts";
import type { PeerReads } from "../peer-reads.ts";
import type { Blobs, Cancel, Clock } from "../ports.ts";
import { archive, type ArchiveDeps, isToArchive } from "./archive.ts";
import { createCopies } from "./copies.ts";
import { fetchBlob } from "./fetch.ts";
import { type ArtifactSettings, namedBlobs, whatToRemove } from "./retention.ts";

export interface ArtifactsDeps extends Omit<ArchiveDeps, "copies" | "left"> {
  readonly clock: Clock;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly blobs: Blobs;
  readonly settings: () => ArtifactSettings;
  readonly attempts: () => ReadonlyMap<string, BoardAttempt>;
  readonly role: () => Role | undefined;
  /** Members that are heard of right now, without this one. */
  readonly alive: () => readonly string[];
  readonly reads: Pick<PeerReads, "ask">;
  readonly links: () => readonly PeerLink[];
  readonly linkTo: (member: string) => PeerLink | undefined;
  readonly nameOf: (member: string) => string;
  readonly incidents: Pick<Incidents, "record">;
}

export interface ArtifactStore {
  start(): void;
  /** An attempt of this node has ended, or something new is named: there may be work. */
  poke(): void;
  /** The node stops: resolves when everything that has ended is kept and named. */
  settle(): Promise<void>;
  /** Keeps something that an attempt of this node leaves; it is named when the attempt ends. */
  keep(
    attempt: { readonly item: string; readonly epoch: number },
    file: Pick<ArtifactFile, "sort" | "name">,
    content: Iterable<Uint8Array>,
  ): Promise<Result<void, string>>;
  /** By the digest, or the beginning of one. */
  read(digest: string): Promise<Result<KeptContent, CommandError>>;
}

const LOOK_MS = 10_000;
const SOON_MS = 500;

export function createArtifacts(deps: ArtifactsDeps): ArtifactStore {
  const { clock, blobs } = deps;
  const left = new Map<string, ArtifactFile[]>();
  const copies = createCopies(deps);
  /** Ends what waits for a peer when the node stops. */
  let lifetime = new AbortController();
  let cancel: Cancel = () => undefined;
  let lookAtMs = 0;
  let turn: Promise<void> = Promise.resolve();
  let isQueued = false;
  let isStopped = true;

  const archiveDeps: ArchiveDeps = {
    ...deps,
    copies: () => deps.settings().copies,
    left: (item, epoch) => left.get(`${item}/${epoch}`) ?? [],
  };
  const look = async (): Promise<void> => {
    await archiveEnded(deps, archiveDeps, left);
    sweep(deps);
    // What has ended here meanwhile is not kept waiting by peers that are slow.
    if (!isStopped) await copies.fetchSome(lifetime.signal, () => isQueued);
  };
  const enqueue = (): void => {
    if (isQueued) return;
    isQueued = true;
    turn = turn.then(async () => {
      isQueued = false;
      await contained(deps, look);
    });
  };
  const lookIn = (delayMs: number): void => {
    cancel();
    lookAtMs = clock.monoMs() + delayMs;
    cancel = clock.after(delayMs, () => {
      enqueue();
      lookIn(LOOK_MS);
    });
  };
  return {
    // Many things change together, and a look is not for nothing.
    poke: () => {
      if (!isStopped && lookAtMs > clock.monoMs() + SOON_MS) lookIn(SOON_MS);
    },
    start: () => {
      isStopped = false;
      if (lifetime.signal.aborted) lifetime = new AbortController();
      lookIn(SOON_MS);
    },
    settle: async () => {
      isStopped = true;
      lifetime.abort();
      cancel();
      enqueue();
      await turn;
    },
    keep: async ({ item, epoch }, file, content) => {
      const kept = await blobs.keep(content, LIMITS.artifactBytes);
      if (!kept.ok) return kept;
      const key = `${item}/${epoch}`;
      left.set(key, [...(left.get(key) ?? []), { ...file, ...kept.value }].slice(0, LIMITS.artifactFiles - 1));
      return ok(undefined);
    },
    read: (digest) => readFile(deps, digest, lifetime.signal),
  };
}

/** Nobody waits for this, so what fails in it would end the node. */
async function contained({ incidents }: Pick<ArtifactsDeps, "incidents">, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    incidents.record("disk", "artifacts", `What attempts left could not be looked after: ${reason}.`);
  }
}

async function archiveEnded(deps: ArtifactsDeps, from: ArchiveDeps, left: Map<string, ArtifactFile[]>): Promise<void> {
  const role = deps.role();
  if (role === undefined || !roleAtLeast(role, "agent")) return;
  for (const attempt of [...deps.attempts().values()].filter((one) => isToArchive(from, one))) {
    const archived = await archive(from, attempt);
    if (!archived.ok) deps.incidents.record("artifacts", attempt.item, archived.error.message);
    else left.delete(`${attempt.item}/${attempt.epoch}`);
  }
}

const liveItems = (view: View): readonly LiveItem[] => [...view.items.values()].filter(isLive);

function sweep({ blobs, replica, settings, clock, logs, self }: ArtifactsDeps): void {
  const items = liveItems(replica.view());
  const removed = whatToRemove(blobs.list(), namedBlobs(items), settings(), clock.wallMs());
  if (removed.length === 0) return;
  // The same policy for the log as it was written, which is as old as what was kept of it. It goes first: were the node to die
  // in between, nothing would ever lead back to it.
  const gone = new Set(removed);
  for (const { id, annotations } of items) {
    for (const { member, epoch, files } of annotations.artifacts) {
      if (member !== self() || !files.some(({ digest, sort }) => sort === "log" && gone.has(digest))) continue;
      logs.remove?.({ item: id, epoch });
    }
  }
  for (const digest of removed) blobs.remove(digest);
}

async function readFile(
  deps: ArtifactsDeps,
  ref: string,
  stop: AbortSignal,
): Promise<Result<KeptContent, CommandError>> {
  const file = findFile(deps, ref);
  if (!file.ok) return file;
  const { digest, size } = file.value;
  if (!deps.blobs.has(digest)) {
    const link = deps.linkTo(file.value.node);
    const fetched = await fetchBlob(deps, { digest, size }, link === undefined ? [] : [link], stop);
    if (!fetched.ok) {
      const message = `${digest.slice(0, 12)} (${file.value.name}, epoch ${file.value.epoch} on ${file.value.nodeName}) is not here: ${fetched.error}. Try again when a node that keeps it is back.`;
      return err({ code: "unavailable", message });
    }
  }
  const content = await deps.blobs.content(digest, LIMITS.artifactBytes);
  if (content.ok && content.value !== undefined) return ok({ file: file.value, bytes: content.value });
  // What the disk has spoiled is had again from another node.
  deps.blobs.remove(digest);
  const why = content.ok ? "it was deleted meanwhile" : content.error;
  return err({ code: "unavailable", message: `${digest.slice(0, 12)} cannot be read: ${why}. Ask for it again.` });
}

function findFile({ replica, nameOf }: ArtifactsDeps, ref: string): Result<KeptFile, CommandError> {
  if (!/^[0-9a-f]{6,64}$/.test(ref)) {
    return err({ code: "bad-input", message: "A digest is 6 to 64 digits 0-9a-f; `skein artifacts` lists them." });
  }
  const found = liveItems(replica.view()).flatMap((item) =>
    keptFiles(item, { nameOf }).filter(({ digest }) => digest.startsWith(ref)),
  );
  const [first] = found;
  if (first === undefined) {
    return err({ code: "not-found", message: `Nothing is kept under ${ref}. \`skein artifacts\` lists what is.` });
  }
  return found.every(({ digest }) => digest === first.digest)
    ? ok(first)
    : err({ code: "ambiguous", message: `Several digests begin with ${ref}. Give more of it.` });
}
