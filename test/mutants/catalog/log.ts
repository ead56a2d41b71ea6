/** Mistakes with feeds, hashes, the disk and what peers are told. */
import type { Mutant } from "../mutant.ts";

const LOG = "packages/core/src/log/";
const TAKING = `${LOG}taking.ts`;
const FEEDS = `${LOG}feed-tree.ts`;
const JOURNAL = "packages/node/src/journal.ts";

export const LOG_MUTANTS: readonly Mutant[] = [
  {
    name: "seq-reset",
    file: `${LOG}replica.ts`,
    find: "seq: (tail?.seq ?? 0) + 1,",
    replace: "seq: ++log.written,",
    also: [
      {
        file: `${LOG}log-state.ts`,
        find: "  open: SealedOp[];\n}",
        replace: "  open: SealedOp[];\n  written: number;\n}",
      },
      {
        file: `${LOG}log-state.ts`,
        find: "top: { id: null, lamport: 0 }, open: [] };",
        replace: "top: { id: null, lamport: 0 }, open: [], written: 0 };",
      },
    ],
    why: "The counter of a node's own ops lives in memory and starts again with the program.",
    caughtBy: ["I5", "I7", "I9"],
  },
  {
    name: "lamport-not-resumed",
    file: `${LOG}loading.ts`,
    find: "      stamp(log, op);\n      if (op.op.entity",
    replace: "      log.stamps.set(op.id, op.op.lamport);\n      if (op.op.entity",
    why: "The clock is advanced where ops arrive, and loading the log is forgotten.",
    caughtBy: ["I7", "I8", "I9"],
  },
  {
    name: "lamport-not-checked",
    file: TAKING,
    find: "if (op.lamport === greatest + 1) return undefined;",
    replace: "if (op.lamport > greatest) return undefined;",
    why: "A stamp that is greater than what it names looks good enough.",
    caughtBy: ["I8"],
  },
  {
    name: "prev-not-checked",
    file: TAKING,
    find: "const chained = prev === null ? op.prev === null : op.prev !== null && equalBytes(prev, op.prev);",
    replace: "const chained = prev !== null || op.prev === null;",
    why: "The frame names the frame before it, so checking the ops, too, looks like the same twice.",
    caughtBy: ["I3"],
  },
  {
    name: "signature-not-checked",
    file: TAKING,
    find: "  if (!isAuthentic()) return badSignature;\n",
    replace: "",
    why: "The peer has proved its key, so what it sends is taken for its own.",
    caughtBy: ["I1"],
  },
  {
    name: "duplicates-taken",
    file: FEEDS,
    find: '  if (feed.find(firstSeq + opIds.length - 1, hash) !== undefined) return { type: "duplicate" };\n',
    replace: "",
    why: "Links push each frame once, so that nothing seems to arrive twice.",
    caughtBy: ["I0", "I2", "I7"],
  },
  {
    name: "heads-without-hashes",
    file: FEEDS,
    find: "frame === null ? undefined : feed.find(seq, frame)?.branch;",
    replace: "frame === null ? undefined : branches.find(({ chain }) => chain.lastSeq() >= seq);",
    why: "As many ops of a feed look like the same ops.",
    caughtBy: ["I2", "I7"],
  },
  {
    name: "first-history-wins",
    file: FEEDS,
    find: 'if (parent !== undefined) return { type: "fork", ...parent };',
    replace: 'if (parent !== undefined) return { type: "duplicate" };',
    why: "The place of the feed is taken, so the second op is dropped.",
    caughtBy: ["I2", "I7"],
  },
  {
    name: "publish-before-fsync",
    file: JOURNAL,
    find: "  const appended = store.append(stored);\n  if (!appended.ok) return appended.error;\n",
    replace: "  clock.after(5, () => void store.append(stored));\n",
    also: [
      {
        file: JOURNAL,
        find: "function persist({ store }: JournalDeps",
        replace: "function persist({ store, clock }: JournalDeps",
      },
    ],
    why: "The write is slow, so it is taken out of the way of the answer and the push.",
    caughtBy: ["I4"],
  },
  {
    name: "failed-append-acknowledged",
    file: JOURNAL,
    find: "  if (!appended.ok) return appended.error;\n",
    replace: "",
    why: "The result of a write that never fails on the author's machine is not looked at.",
    caughtBy: ["I3", "I4", "I9"],
  },
  {
    name: "failed-append-kept-in-memory",
    file: JOURNAL,
    find: 'const isStale = committed.failure !== undefined || batch.changes.some((change) => change.type === "stale");',
    replace: 'const isStale = batch.changes.some((change) => change.type === "stale");',
    why: "The caller hears of the failure, and that the ops are folded already is forgotten.",
    caughtBy: ["I3", "I4", "I7"],
  },
  {
    name: "stale-not-folded-again",
    file: JOURNAL,
    find: 'const isStale = committed.failure !== undefined || batch.changes.some((change) => change.type === "stale");',
    replace: "const isStale = committed.failure !== undefined;",
    why: "What a removal or a fork takes back is only what comes after it.",
    caughtBy: ["I2", "I6", "I12", "I24"],
  },
  {
    name: "anti-entropy-off",
    file: "packages/node/src/links/links.ts",
    find: "    for (const link of table.proved.values()) link.announceHeads();\n    retarget();",
    replace: "    retarget();",
    also: [
      {
        file: "packages/node/src/links/peer-link.ts",
        find: "    return peerLink.announceHeads();\n",
        replace: "    return peerLink.initiated ? peerLink.announceHeads() : undefined;\n",
      },
    ],
    why: "Everything is pushed live, so that heads are only told once, by whoever dialed.",
    caughtBy: ["I7", "I9"],
  },
  {
    name: "own-head-not-asked",
    file: "packages/node/src/continuity.ts",
    find: "if (alone) settle();",
    replace: "if (alone || !alone) settle();",
    why: "A node knows its own log best.",
    caughtBy: ["I5"],
  },
  {
    name: "incarnation-kept",
    file: "packages/node/src/continuity.ts",
    find: "    incarnation = deps.random.bytes(incarnation.length);\n",
    replace: "",
    why: "The alarm is shown, and the feed goes on.",
    caughtBy: ["I5", "I9", "I21"],
  },
  {
    name: "nothing-carried-over",
    file: "packages/node/src/feed-watch.ts",
    find: "      const ops = await carryOver(deps, feed);\n",
    replace: "      const ops = await Promise.resolve(0);\n",
    why: "What stands in the quarantined feed is in the log, so it looks safe.",
    caughtBy: ["I9"],
  },
];
