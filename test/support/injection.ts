/**
 * Faults at chosen system calls of a real process, by strace: death by SIGKILL before the k-th call, or an error instead of
 * it. A point is a call and its number, counted for each thread and child by itself, as strace does it; when several of
 * them come to that number, all of them meet the fault.
 */
import { execFileSync } from "node:child_process";

export interface FaultPoint {
  readonly call: string;
  readonly nth: number;
}

/** What changes files, and what can leave a file half changed. */
const DISK_CALLS: readonly string[] = [
  "pwrite64",
  "fsync",
  "fdatasync",
  "ftruncate",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "link",
  "mkdir",
];

/** Sockets, pipes and ordinary files too: the instants between what is saved and what is told. */
const CALLS: readonly string[] = [...DISK_CALLS, "write", "writev", "sendto"];

export function requireStrace(): void {
  try {
    execFileSync("strace", ["-V"], { stdio: "ignore" });
  } catch (cause) {
    throw new Error("strace is not installed, and this test injects faults with it: install the package strace.", {
      cause,
    });
  }
}

const STRACE = ["strace", "-f", "-q"];
/** Much faster, but with it strace 6.1 delivers no injected signal. */
const FAST = "--seccomp-bpf";

/** What strace writes down when something died of an injected signal. */
export const KILLED = "+++ killed by SIGKILL +++";

/** Put before a command line: writes down its calls, for `pointsIn`. */
export const recording = (file: string): readonly string[] => [
  ...STRACE,
  FAST,
  "-e",
  `trace=${CALLS.join(",")}`,
  "-o",
  file,
];

/** Put before a command line: it dies before this call. */
export const dyingAt = (point: FaultPoint, file: string): readonly string[] => injecting(point, "signal=SIGKILL", file);

/** Put before a command line: this call fails with an error, once, and nothing of it happens. The trace names the files. */
export const failingAt = (point: FaultPoint, error: string, file: string): readonly string[] =>
  injecting(point, `error=${error}`, file, [FAST, "-y"]);

const injecting = (
  { call, nth }: FaultPoint,
  fault: string,
  file: string,
  more: readonly string[] = [],
): readonly string[] => [
  ...STRACE,
  ...more,
  "-e",
  `trace=${call}`,
  "-e",
  `inject=${call}:${fault}:when=${nth}`,
  "-o",
  file,
];

/** Every point that a recorded run passed. */
export function pointsIn(trace: string): readonly FaultPoint[] {
  const counts = new Map<string, number>();
  const most = new Map<string, number>();
  for (const [, thread = "", call = ""] of trace.matchAll(/^(\d+) +(\w+)\(/gm)) {
    const count = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, count);
    most.set(call, Math.max(count, most.get(call) ?? 0));
  }
  return [...most].flatMap(([call, last]) => Array.from({ length: last }, (_, index) => ({ call, nth: index + 1 })));
}

/** How many of all points a run takes: a few spread over the whole by default, all of them with `SKEIN_FAULT_POINTS=all`. */
export function sampleOf(points: readonly FaultPoint[], usual: number): readonly FaultPoint[] {
  const wanted = process.env["SKEIN_FAULT_POINTS"];
  const count = wanted === "all" ? points.length : Math.min(points.length, Number(wanted ?? usual));
  return Array.from({ length: count }, (_, index) => {
    const point = points[Math.floor(((index + 0.5) * points.length) / count)];
    if (point === undefined) throw new Error("the sample lies inside the points");
    return point;
  });
}

/** The figures of a long run; a short one says nothing. */
export function report(figures: Readonly<Record<string, unknown>>): void {
  if (process.env["SKEIN_FAULT_POINTS"] !== undefined) process.stderr.write(`${JSON.stringify(figures)}\n`);
}

/** Smallest, median, 95th of a hundred, greatest: rounded. */
export function spread(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return [at(0), at(0.5), at(0.95), at(1)];
}
