/**
 * Reads Linux's process table to find every living process of one run, also those that left its process group.
 *
 * A process belongs to a run when it sits in the session of the run's leader, when its initial environment carries the
 * run's mark, when its parent belongs to the run, or when it shares a session with a process that does. A child inherits
 * the mark over any number of forks and `setsid` calls. A daemon that forks twice, starts its own session AND clears its
 * environment keeps none of these ties: only a sandbox with its own process namespace ends that one.
 *
 * What was found once stays known: the process that ties a daemon to the run may be the first one to end.
 *
 * Only processes that started at or after the leader are ever looked at, so a recycled process id never makes an older,
 * unrelated process a member.
 */
import { readFileSync, readdirSync } from "node:fs";

/** The run as `/proc` knows it: its leader, the random mark in its environment, when the leader started. */
export interface RunIdentity {
  readonly leader: number;
  readonly mark: string;
  /** Clock ticks after boot. */
  readonly sinceTicks: number;
}

/** What earlier looks have found; grows with every look. */
export interface RunTies {
  /** When each known member started, by process id. */
  readonly startOf: Map<number, number>;
  readonly sessions: Set<number>;
}

export interface ProcEntry {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
  /** Its own processor time and that of its children which it has waited for. */
  readonly cpuTicks: number;
}

/** What can be signalled. A group is named only when all of its processes belong to the run. */
export interface Living {
  readonly pids: readonly number[];
  readonly groups: readonly number[];
}

/** When a process started, or undefined when the table cannot be read (another system, no `/proc`). */
export function startTicksOf(pid: number): number | undefined {
  return readEntry(pid)?.startTicks;
}

export function newTies(run: RunIdentity): RunTies {
  return { startOf: new Map(), sessions: new Set([run.leader]) };
}

/** Every living process of the run, or undefined when the table cannot be read. */
export function livingOfRun(run: RunIdentity, ties: RunTies): Living | undefined {
  const entries = readEntries();
  return entries === undefined ? undefined : selectLiving(entries, { run, ties }, (pid) => carriesMark(pid, run.mark));
}

/** The selection itself, on a table that was already read. Adds what it finds to the ties. */
export function selectLiving(
  entries: readonly ProcEntry[],
  { run, ties }: { readonly run: RunIdentity; readonly ties: RunTies },
  isMarked: (pid: number) => boolean,
): Living {
  const candidates = entries.filter((entry) => isAlive(entry) && entry.startTicks >= run.sinceTicks);
  const members = new Set<number>();
  const include = (entry: ProcEntry): void => {
    members.add(entry.pid);
    ties.startOf.set(entry.pid, entry.startTicks);
    ties.sessions.add(entry.session);
  };
  for (const entry of candidates) {
    const isKnown = ties.startOf.get(entry.pid) === entry.startTicks;
    if (isKnown || entry.group === run.leader || isMarked(entry.pid)) include(entry);
  }
  // Each round adds the children and the session companions of the members known so far.
  let before: number;
  do {
    before = members.size;
    for (const entry of candidates) {
      if (ties.sessions.has(entry.session) || members.has(entry.parent)) include(entry);
    }
  } while (members.size > before);
  return { pids: [...members].sort((a, b) => a - b), groups: wholeGroups(entries, members) };
}

/** Parses `/proc/<pid>/stat`. The command name may hold spaces and parentheses, so the fields start after the last one. */
export function parseStat(text: string): ProcEntry | undefined {
  const nameEnd = text.lastIndexOf(")");
  const pid = Number.parseInt(text, 10);
  const [state, parent, group, session, ...rest] = text.slice(nameEnd + 2).split(" ");
  const startTicks = Number(rest[15]);
  if (nameEnd < 0 || !Number.isSafeInteger(pid) || state === undefined || !Number.isSafeInteger(startTicks)) {
    return undefined;
  }
  const cpuTicks = rest.slice(7, 11).reduce((sum, ticks) => sum + Number(ticks), 0);
  return { pid, state, parent: Number(parent), group: Number(group), session: Number(session), startTicks, cpuTicks };
}

/** A process and those that descend from it, until there are more than `most`. Undefined where the kernel does not say. */
export function descendantsOf(leader: number, most: number): readonly number[] | undefined {
  const found = [leader];
  for (let at = 0; at < found.length && found.length <= most; at += 1) {
    const pid = found[at] ?? leader;
    for (const thread of attemptRead(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const children = attemptRead(() => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1"));
      if (children === undefined && pid === leader && startTicksOf(leader) !== undefined) return undefined;
      for (const child of children?.split(" ") ?? []) if (child !== "") found.push(Number(child));
    }
  }
  return found;
}

function wholeGroups(entries: readonly ProcEntry[], members: ReadonlySet<number>): readonly number[] {
  const groups = new Set<number>();
  for (const entry of entries) if (members.has(entry.pid)) groups.add(entry.group);
  for (const entry of entries) if (isAlive(entry) && !members.has(entry.pid)) groups.delete(entry.group);
  // 0 and 1 have meanings of their own in kill(2).
  return [...groups].filter((group) => group > 1);
}

/** A zombie only waits for its parent to notice; it runs nothing and cannot be signalled away. */
function isAlive(entry: ProcEntry): boolean {
  return entry.state !== "Z" && entry.state !== "X";
}

function readEntries(): readonly ProcEntry[] | undefined {
  const names = attemptRead(() => readdirSync("/proc"));
  if (names === undefined) return undefined;
  const entries: ProcEntry[] = [];
  for (const name of names) {
    const pid = /^\d+$/.test(name) ? Number(name) : process.pid;
    const entry = pid === process.pid ? undefined : readEntry(pid);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

export function readEntry(pid: number): ProcEntry | undefined {
  const text = attemptRead(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  return text === undefined ? undefined : parseStat(text);
}

function carriesMark(pid: number, mark: string): boolean {
  return attemptRead(() => readFileSync(`/proc/${pid}/environ`))?.includes(mark) ?? false;
}

/** Processes end while the table is read, and other users' are closed to us: both mean "nothing to see here". */
export function attemptRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
