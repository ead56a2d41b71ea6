/** Simulated disk, git remote and processes: just enough of each for whole nodes to work. */
import { createHash } from "node:crypto";

import { err, landedItems, ok, type Signer } from "@skein/core";
import { testSigner } from "@skein/core/testing";
import type { Asking, AttemptLogs, LogStore, NodeKeys, Oid, Processes, Repository, StoredFrame } from "@skein/node";

export interface MemoryStore extends LogStore {
  /** Makes every write fail until it is cleared. */
  fail: "disk-full" | undefined;
  /** As restoring a backup that is this many frames old. */
  forgetLast(frames: number): void;
}

const endOf = ({ position, count = 1 }: StoredFrame): number => position + count - 1;

/** Survives its node: what was appended is durable. */
export function createMemoryStore(): MemoryStore {
  const frames: StoredFrame[] = [];
  const meta = new Map<string, Uint8Array>();
  const store: MemoryStore = {
    fail: undefined,
    forgetLast: (count) => {
      frames.length -= count;
    },
    frames: function* from(position) {
      yield* frames.filter((record) => endOf(record) >= position);
    },
    frame: (position) => frames.find((record) => record.position <= position && endOf(record) >= position),
    append: (added) => {
      if (store.fail !== undefined) return err({ type: store.fail, message: "the simulated disk is full" });
      for (const record of added) frames.push({ ...record, bytes: record.bytes.slice() });
      return ok(undefined);
    },
    replace: (record) => {
      if (store.fail !== undefined) return err({ type: store.fail, message: "the simulated disk is full" });
      const start = frames.findIndex(({ position }) => position === record.position);
      const replaced = frames.filter((one) => one.position >= record.position && one.position <= endOf(record));
      frames.splice(start, replaced.length, { ...record, bytes: record.bytes.slice() });
      return ok(undefined);
    },
    getMeta: (key) => meta.get(key),
    putMeta: (key, value) => {
      if (store.fail !== undefined) return err({ type: store.fail, message: "the simulated disk is full" });
      meta.set(key, value);
      return ok(undefined);
    },
    close: () => undefined,
  };
  return store;
}

/** A node's key and the ones that follow it. Survives its node, as files do. */
export function createMemoryKeys(name: string): NodeKeys {
  let made = 0;
  let current: Signer = testSigner(name);
  let prepared: Signer | undefined;
  return {
    current: () => current,
    prepared: () => prepared,
    prepare: () => {
      prepared ??= testSigner(`${name}, key ${++made}`);
      return ok(prepared);
    },
    adopt: () => {
      current = prepared ?? current;
      prepared = undefined;
      return ok(undefined);
    },
  };
}

const oid = (text: string): Oid => createHash("sha1").update(text).digest("hex");

/** One target branch as a linearizable register: a chain of commits, each with the items it landed. */
export interface VirtualRemote {
  /** What a checkout of this commit holds: items that were merged into it, and what people put there. */
  contentOf(commit: Oid): ReadonlySet<string>;
  /** A person commits to the target branch; these are added and removed. */
  humanCommit(name: string, add: readonly string[], remove?: readonly string[]): void;
  readonly chain: { readonly commit: Oid; readonly items: readonly string[] }[];
  /** Nodes by name whose pushes to the target branch are refused. */
  readonly refused: Set<string>;
  repositoryFor(isAlive: () => boolean, pauseMs: (ms: number) => Promise<void>, name: string): Repository;
}

export function createVirtualRemote(): VirtualRemote {
  const chain: { commit: Oid; items: readonly string[] }[] = [{ commit: oid("root"), items: [] }];
  const tip = (): Oid => chain.at(-1)?.commit ?? "";
  const itemsOf = new Map<Oid, readonly string[]>();
  const contents = new Map<Oid, ReadonlySet<string>>();
  /** Of a commit, or of a checkout of it. */
  const contentOf = (at: Oid): ReadonlySet<string> => contents.get(at.split("#")[0] ?? "") ?? new Set();
  let checkouts = 0;
  const refused = new Set<string>();
  const made = (commit: Oid, base: Oid, message: string): Oid => {
    const items = landedItems(message);
    itemsOf.set(commit, items);
    contents.set(commit, new Set([...contentOf(base), ...items]));
    return commit;
  };
  return {
    chain,
    refused,
    contentOf,
    humanCommit: (name, add, remove = []) => {
      const base = tip();
      const commit = oid(`human ${name} on ${base}`);
      const kept = [...contentOf(base)].filter((one) => !remove.includes(one));
      contents.set(commit, new Set([...kept, ...add]));
      chain.push({ commit, items: [] });
    },
    repositoryFor: (isAlive, pauseMs, name) => {
      // A dead node's call never comes back; everybody else's takes a little time.
      const later = async <T>(value: () => T): Promise<T> => {
        await pauseMs(5);
        return isAlive() ? value() : new Promise<T>(() => undefined);
      };
      return {
        fetchBase: () => later(() => ok(tip())),
        landings: (at) =>
          later(() => {
            const end = chain.findIndex(({ commit }) => commit === at);
            const landed = chain
              .slice(0, end + 1)
              .flatMap(({ commit, items }) => items.map((item) => [item, commit] as const));
            return ok(new Map(landed));
          }),
        readFile: () => later(() => ok(undefined)),
        openAttempt: ({ item, epoch, base, start = base }) =>
          later(() => ok({ directory: `${item}/${epoch}`, branch: `skein/${item}/${epoch}`, base, start })),
        recoverAttempt: () => later(() => ok(undefined)),
        collectAttempt: ({ branch }) =>
          later(() => ok({ tip: oid(branch), tree: oid(`tree ${branch}`), commitsAhead: 1 })),
        publishBranch: () => later(() => ok(undefined)),
        deleteBranches: () => later(() => ok([])),
        fetchBranch: () => later(() => ok(undefined)),
        diff: ({ tip: at }) => later(() => ok({ base: at, tip: at, files: [], filesLeftOut: 0 })),
        merge: ({ base, tip: from, message, atSeconds }) =>
          later(() => {
            const commit = made(oid(`${base} ${from} ${message} ${atSeconds}`), base, message);
            return ok({ type: "merged" as const, commit, tree: oid(`tree ${base} ${from}`) });
          }),
        join: ({ base, tips, tree, message }) =>
          later(() => {
            return ok(made(oid(`${base} ${tips.join(" ")} ${tree} ${message}`), base, message));
          }),
        openCheckout: (commit) => later(() => ok(`${commit}#${++checkouts}`)),
        land: ({ expected, commit }) =>
          later(() => {
            if (refused.has(name)) return err({ type: "refused", message: "The remote refused the push." });
            if (tip() === commit) return ok({ type: "moved" as const });
            if (tip() !== expected) return ok({ type: "stale" as const });
            chain.push({ commit, items: itemsOf.get(commit) ?? [] });
            return ok({ type: "moved" as const });
          }),
        remove: () => Promise.resolve(),
      };
    },
  };
}

/** Every process takes `durationMs` and succeeds, unless it is stopped or a gate command runs where it is red. */
export const createVirtualProcesses = (
  pauseMs: (ms: number) => Promise<void>,
  durationMs: () => number,
  isGreen: (directory: string) => boolean = () => true,
  says: (directory: string) => string = () => "",
): Processes => ({
  run: async ({ argv, cwd, onOutput }, signal) => {
    await pauseMs(durationMs());
    if (argv[0] === "reviewer") onOutput(new TextEncoder().encode(`I have looked.\n${says(cwd)}\n`));
    const code = argv[0] === "check" && !isGreen(cwd) ? 1 : 0;
    const end = signal.aborted ? { type: "aborted" as const } : { type: "exited" as const, code };
    return { end, durationMs: 1, outputBytes: 0, outputDigest: "0".repeat(64) };
  },
});

/** Agents that ask nothing. */
export const noAsking: Asking = {
  open: () =>
    ok({
      directory: "asks",
      answer: () => ok(undefined),
      refuse: () => ok(undefined),
      readUsage: () => ok(undefined),
      close: () => Promise.resolve(),
    }),
};

export const noLogs: AttemptLogs = { append: () => undefined, read: () => undefined, epochs: () => [] };
