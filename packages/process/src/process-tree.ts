/**
 * Ends everything that one run started.
 *
 *     look ──none──► done
 *      │ some
 *      ▼
 *     SIGTERM ──grace──► SIGKILL ─► look ─► SIGKILL ─► … ──none, twice──► done
 *                                     └── after a bounded number of rounds ──► survivors are reported
 *
 * "None" counts only when two looks in a row find nothing: a process may fork while the table is being read. On Linux
 * the look goes through `/proc` (see proc-table.ts); elsewhere it is the process group alone.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  descendantsOf,
  livingOfRun,
  newTies,
  startTicksOf,
  type Living,
  type RunIdentity,
  type RunTies,
} from "./proc-table.ts";

export interface ProcessTree {
  readonly leader: number;
  /** The leader made a room: it ends by itself when what is inside has ended. */
  readonly isRoom: boolean;
  /** The process that all of the room descends from and ends with, as far as it is known. */
  readonly keeper: (leader: number) => number | undefined;
  /** Undefined where the process table cannot be read: then only the process group is known. */
  readonly known: { readonly run: RunIdentity; readonly ties: RunTies } | undefined;
}

/** Looking costs a read of the whole process table, so the looks grow apart while somebody takes the time to end. */
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 100;
const KILL_ROUNDS = 60;
const NO_ROOM: Pick<ProcessTree, "isRoom" | "keeper"> = { isRoom: false, keeper: () => undefined };
const NOTHING: Living = { pids: [], groups: [] };

/** Must be called right after the spawn, in the same turn: the leader's entry is there for sure only until it is reaped. */
export function trackTree(
  leader: number,
  mark: string,
  { isRoom, keeper }: Pick<ProcessTree, "isRoom" | "keeper"> = NO_ROOM,
): ProcessTree {
  const sinceTicks = process.platform === "linux" ? startTicksOf(leader) : undefined;
  if (sinceTicks === undefined) return { leader, isRoom, keeper, known: undefined };
  const run = { leader, mark, sinceTicks };
  return { leader, isRoom, keeper, known: { run, ties: newTies(run) } };
}

/** The processes of the run; of more than `most` only so many that it shows. */
export function processesOf(tree: ProcessTree, most: number): readonly number[] {
  // Nobody leaves a room's keeper: its descendants are all there are, however many others this machine has.
  const keeper = tree.keeper(tree.leader);
  return (keeper === undefined ? undefined : descendantsOf(keeper, most)) ?? look(tree).pids;
}

/** Every run of one owner, whoever started it and whenever. */
export function trackOwner(owner: string): ProcessTree {
  // No process has this number: nothing is found by its group or session, only by the mark.
  const run = { leader: -1, mark: `SKEIN_RUN=${owner}-`, sinceTicks: 0 };
  return process.platform === "linux"
    ? { leader: -1, ...NO_ROOM, known: { run, ties: newTies(run) } }
    : { leader: -1, ...NO_ROOM, known: undefined };
}

/** Ends the tree and returns the process ids that could not be ended (normally none). Never throws. */
export async function endTree(tree: ProcessTree, graceMs: number): Promise<readonly number[]> {
  // With the keeper of a room the kernel ends all of it, faster than anything in it can fork.
  const keeper = graceMs <= 0 ? tree.keeper(tree.leader) : undefined;
  if (keeper !== undefined) send(keeper, "SIGKILL");
  let living = await lookTwice(tree);
  signalAll(tree.isRoom ? withoutKeeper(living, tree.leader) : living, "SIGTERM");
  const deadline = performance.now() + graceMs;
  for (let wait = FIRST_WAIT_MS; !isEmpty(living) && performance.now() < deadline; wait *= 2) {
    await delay(Math.min(wait, LONGEST_WAIT_MS, Math.max(deadline - performance.now(), 1)));
    living = await lookTwice(tree);
  }
  for (let round = 0, wait = FIRST_WAIT_MS; !isEmpty(living) && round < KILL_ROUNDS; round += 1, wait *= 2) {
    signalAll(living, "SIGKILL");
    await delay(Math.min(wait, LONGEST_WAIT_MS));
    living = await lookTwice(tree);
  }
  return living.pids;
}

/** A room's keeper that ended now would leave those inside no time to end by themselves. */
const withoutKeeper = ({ pids, groups }: Living, keeper: number): Living => ({
  pids: pids.filter((pid) => pid !== keeper),
  groups: groups.filter((group) => group !== keeper),
});

/** Looks again when nothing was found. */
async function lookTwice(tree: ProcessTree): Promise<Living> {
  const first = look(tree);
  if (!isEmpty(first)) return first;
  await delay(1);
  return look(tree);
}

function isEmpty(living: Living): boolean {
  return living.pids.length === 0;
}

function look(tree: ProcessTree): Living {
  const found = tree.known === undefined ? undefined : livingOfRun(tree.known.run, tree.known.ties);
  if (found !== undefined) return found;
  if (tree.leader < 0) return NOTHING;
  return send(-tree.leader, 0) ? { pids: [tree.leader], groups: [tree.leader] } : NOTHING;
}

/** Groups first: the kernel signals a whole group at once, so a process that keeps forking cannot outrun it. */
function signalAll(living: Living, signal: NodeJS.Signals): void {
  for (const group of living.groups) send(-group, signal);
  for (const pid of living.pids) send(pid, signal);
}

/**
 * False when there is nothing to signal. ESRCH is a process that ended by itself; EPERM is one that is not ours to end, or,
 * on macOS, a group of which only zombies are left. What really stays behind shows up in the next look.
 */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}
