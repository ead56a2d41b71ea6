/** Who a process started: its direct children, from Linux's process table, or from `ps` elsewhere. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export function childrenOf(pid: number): readonly number[] {
  const pairs = process.platform === "linux" ? fromProc() : fromPs();
  return pairs.filter(({ parent }) => parent === pid).map((pair) => pair.pid);
}

interface Pair {
  readonly pid: number;
  readonly parent: number;
}

function fromProc(): readonly Pair[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, "latin1"))];
      } catch {
        // It ended while the table was read.
        return [];
      }
    });
}

function fromPs(): readonly Pair[] {
  try {
    return parsePs(execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }));
  } catch {
    // Without a process table only the process itself can be ended; its children see their pipes close.
    return [];
  }
}

/** `pid (name) state parent …`; the name may hold spaces and parentheses. */
export function parseStat(text: string): Pair {
  const [, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid: Number.parseInt(text, 10), parent: Number(parent) };
}

export const parsePs = (text: string): readonly Pair[] =>
  text
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, parent]) => (pid === undefined || parent === undefined ? [] : [{ pid, parent }]));
