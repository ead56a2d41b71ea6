import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessResult, ProcessSpec, TalkLine } from "@skein/node";
import { expect, test, vi } from "vitest";
import { createProcesses } from "./processes.ts";

const ENV = { PATH: process.env["PATH"] ?? "/usr/bin:/bin" };
const LIMITS = { wallMs: 20_000, idleMs: 20_000, outputBytes: 1_000_000 };
const onLinux = process.platform === "linux";

interface Ran {
  readonly result: ProcessResult;
  readonly output: string;
}

interface RunOptions extends Partial<Omit<ProcessSpec, "argv" | "limits">> {
  readonly limits?: Partial<ProcessSpec["limits"]>;
  readonly signal?: AbortSignal;
}

async function runIn(argv: ProcessSpec["argv"], options: RunOptions = {}): Promise<Ran> {
  const chunks: Uint8Array[] = [];
  const { signal, limits, ...given } = options;
  const result = await createProcesses({ graceMs: 300 }).run(
    {
      argv,
      cwd: tmpdir(),
      env: ENV,
      stdin: "",
      onOutput: (chunk) => chunks.push(chunk),
      ...given,
      limits: { ...LIMITS, ...limits },
    },
    signal ?? new AbortController().signal,
  );
  return { result, output: Buffer.concat(chunks).toString() };
}

const shell = (script: string, options: RunOptions = {}): Promise<Ran> => runIn(["sh", "-c", script], options);
const newDirectory = (): string => realpathSync(mkdtempSync(join(tmpdir(), "skein-process-")));
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Living processes whose command line names `token`. */
function namedBy(token: string): readonly string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      const isZombie = / [ZX] /.test(readFileSync(`/proc/${name}/stat`, "latin1").replace(/^.*\)/s, ""));
      return !isZombie && readFileSync(`/proc/${name}/cmdline`, "latin1").includes(token);
    } catch {
      return false;
    }
  });
}

/** Resolves with a child's process id once its script has written it. */
async function pidIn(file: string): Promise<number> {
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, "utf8").endsWith("\n")).toBe(true), {
    timeout: 10_000,
  });
  return Number(readFileSync(file, "utf8"));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !onLinux || !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

test("a run gives the exit code, both outputs as read, their size and their digest", async () => {
  const { result, output } = await shell("echo out; sleep 0.1; echo err >&2; sleep 0.1; echo again; exit 3");
  expect(output).toBe("out\nerr\nagain\n");
  expect(result).toEqual({
    end: { type: "exited", code: 3 },
    durationMs: expect.any(Number),
    outputBytes: output.length,
    outputDigest: sha256(output),
  });
  expect(result.durationMs).toBeGreaterThanOrEqual(200);
});

test("arguments reach the program as they are, without a shell", async () => {
  const hostile = "$(touch x); `id` 'q' \"d\" \n --opt";
  const { output } = await runIn([process.execPath, "-p", "process.argv[1]", "--", hostile]);
  expect(output).toBe(`${hostile}\n`);
});

test("the child sees the given environment and the mark, and works in the given directory", async () => {
  const cwd = newDirectory();
  const script = "console.log(JSON.stringify([Object.keys(process.env).sort(), process.cwd()]))";
  const { output } = await runIn([process.execPath, "-e", script], { cwd, env: { PATH: ENV.PATH, GIVEN: "yes" } });
  expect(JSON.parse(output)).toEqual([["GIVEN", "PATH", "SKEIN_RUN"], cwd]);
});

test("standard input is written whole and closed", async () => {
  const stdin = "ä".repeat(500_000);
  const { result, output } = await runIn(["cat"], { stdin, limits: { outputBytes: 2_000_000 } });
  expect(result.outputDigest).toBe(sha256(stdin));
  expect(output).toHaveLength(500_000);
});

test("a child that does not read its input still ends well", async () => {
  const { result } = await shell("exec 0<&-; exit 0", { stdin: "x".repeat(5_000_000) });
  expect(result.end).toEqual({ type: "exited", code: 0 });
});

test("a child that ends itself by a signal is reported with it", async () => {
  const { result } = await shell("kill -KILL $$");
  expect(result.end).toEqual({ type: "signalled", signal: "SIGKILL" });
});

test("the wall limit ends a child that keeps talking", async () => {
  const { result } = await shell("while :; do echo tick; sleep 0.05; done", { limits: { wallMs: 400, idleMs: 5000 } });
  expect(result.end).toEqual({ type: "limit", limit: "wall" });
  expect(result.durationMs).toBeLessThan(5000);
});

test("silence is excused while the excuse holds, and counts anew from its end", async () => {
  let holds = true;
  let end = (): void => undefined;
  const file = join(newDirectory(), "pid");
  const startedAt = performance.now();
  const run = shell(`echo $$ > ${file}; exec sleep 30`, {
    limits: { idleMs: 400 },
    excuse: {
      holds: () => holds,
      onEnd: (listener) => {
        end = listener;
      },
    },
  });
  const pid = await pidIn(file);
  await vi.waitFor(() => expect(performance.now() - startedAt).toBeGreaterThan(1_300), { timeout: 10_000 });
  expect(isAlive(pid)).toBe(true);
  holds = false;
  const endedAt = performance.now();
  end();
  const { result } = await run;
  expect(result.end).toEqual({ type: "limit", limit: "idle" });
  expect(performance.now() - endedAt).toBeGreaterThan(390);
});

test("the idle limit ends a silent child, and output puts it off", async () => {
  const { result, output } = await shell("for i in 1 2 3 4; do echo $i; sleep 0.3; done; sleep 60", {
    limits: { idleMs: 1000 },
  });
  expect(result.end).toEqual({ type: "limit", limit: "idle" });
  expect(output).toBe("1\n2\n3\n4\n");
  expect(result.durationMs).toBeGreaterThanOrEqual(1900);
});

test("the output limit ends a flood and cuts the output exactly there", async () => {
  const { result, output } = await runIn(["yes"], { limits: { outputBytes: 100_001 } });
  expect(result.end).toEqual({ type: "limit", limit: "output" });
  expect(result.outputBytes).toBe(100_001);
  expect(result.outputDigest).toBe(sha256(output));
});

test("too much output from a child that was quicker than its reader is a limit too", async () => {
  const { result } = await shell("echo 123456789", { limits: { outputBytes: 9 } });
  expect(result.end).toEqual({ type: "limit", limit: "output" });
  expect(result.outputBytes).toBe(9);
});

test("output of exactly the limit is a normal end", async () => {
  const { result } = await shell("echo 123456789", { limits: { outputBytes: 10 } });
  expect(result.end).toEqual({ type: "exited", code: 0 });
});

test("limits beyond the timers' range do not fire at once", async () => {
  const { result } = await shell("sleep 0.1", { limits: { wallMs: 1e12, idleMs: Number.POSITIVE_INFINITY } });
  expect(result.end).toEqual({ type: "exited", code: 0 });
});

test("an abort ends a child that ignores the polite signal", async () => {
  const abort = new AbortController();
  const file = join(newDirectory(), "pid");
  const running = shell(`trap "" TERM; echo $$ > ${file}; while :; do sleep 0.05; done`, { signal: abort.signal });
  const pid = await pidIn(file);
  abort.abort();
  expect((await running).result.end).toEqual({ type: "aborted" });
  expect(isAlive(pid)).toBe(false);
});

test("an abort lets the child say good-bye within the grace", async () => {
  const abort = new AbortController();
  const file = join(newDirectory(), "pid");
  const script = `trap 'echo saved; exit 0' TERM; echo $$ > ${file}; while :; do sleep 0.01; done`;
  const running = shell(script, { signal: abort.signal });
  await pidIn(file);
  abort.abort();
  const { result, output } = await running;
  expect(result.end).toEqual({ type: "aborted" });
  expect(output).toContain("saved\n");
});

test("a signal that is aborted before the start starts nothing", async () => {
  const file = join(newDirectory(), "file");
  const { result } = await shell(`touch ${file}`, { signal: AbortSignal.abort() });
  expect(result.end).toEqual({ type: "aborted" });
  expect(existsSync(file)).toBe(false);
});

test("a program that does not exist is not started", async () => {
  const { result } = await runIn(["no-such-program-here"]);
  expect(result).toEqual({
    end: {
      type: "not-started",
      message:
        'Could not start "no-such-program-here": there is no such program. Install it, or correct its name or the PATH.',
    },
    durationMs: expect.any(Number),
    outputBytes: 0,
    outputDigest: sha256(""),
  });
});

test("a file that may not be executed is not started", async () => {
  const file = join(newDirectory(), "plain.txt");
  writeFileSync(file, "text", { mode: 0o644 });
  const { result } = await runIn([file]);
  expect(result.end).toMatchObject({ type: "not-started", message: expect.stringContaining("may not execute it") });
});

test("a missing working directory is named as the cause", async () => {
  const { result } = await runIn(["sh"], { cwd: join(newDirectory(), "gone") });
  expect(result.end).toMatchObject({ type: "not-started", message: expect.stringContaining('gone" does not exist') });
});

test("a working directory that is a file is named as the cause", async () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");
  const { result } = await runIn(["sh"], { cwd: file });
  expect(result.end).toMatchObject({ type: "not-started", message: expect.stringContaining("is not a directory") });
});

test("an argument that no program can get is not started", async () => {
  const { result } = await runIn(["sh", "a\0b"]);
  expect(result.end).toMatchObject({ type: "not-started" });
  const tooLong = await runIn(["true", "x".repeat(10_000_000)]);
  expect(tooLong.result.end).toMatchObject({ type: "not-started", message: expect.stringContaining("too long") });
});

test("a child left in the background ends with a successful run and does not hold it open", async () => {
  const file = join(newDirectory(), "pid");
  const startedAt = performance.now();
  const { result, output } = await shell(`sleep 60 & echo $! > ${file}; echo done`);
  expect(result.end).toEqual({ type: "exited", code: 0 });
  expect(output).toBe("done\n");
  expect(performance.now() - startedAt).toBeLessThan(4000);
  expect(isAlive(await pidIn(file))).toBe(false);
});

test("a clean run does not wait for the grace", async () => {
  const startedAt = performance.now();
  await createProcesses({ graceMs: 60_000 }).run(
    { argv: ["true"], cwd: tmpdir(), env: ENV, stdin: "", limits: LIMITS, onOutput: () => {} },
    new AbortController().signal,
  );
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("a receiver that throws fails the run after the tree is gone", async () => {
  const file = join(newDirectory(), "pid");
  const onOutput = (): void => {
    throw new Error("the receiver broke");
  };
  await expect(shell(`echo $$ > ${file}; echo hello; sleep 60`, { onOutput })).rejects.toThrow("the receiver broke");
  expect(isAlive(await pidIn(file))).toBe(false);
});

/** Ignores the polite signals and works for half a minute at most, so that a broken adapter leaves nothing for ever. */
const DAEMON = `trap "" TERM HUP INT
i=0; while [ $i -lt 1000 ]; do date > "$1/canary"; sleep 0.02; i=$((i + 1)); done
`;

interface DaemonRun {
  readonly end: ProcessResult["end"];
  /** Processes that still name the daemon's directory after the run. */
  readonly left: readonly string[];
  /** What the canary file holds some time after it was overwritten: the daemon would have written a date. */
  readonly canary: string;
}

/** Runs `start`, which starts the daemon, waits until it works, says so, and goes on with `then`. */
async function runDaemon(start: string, then: string, options: RunOptions = {}): Promise<DaemonRun> {
  const directory = newDirectory();
  const canary = join(directory, "canary");
  const wait = 'while [ ! -e "$1/canary" ]; do sleep 0.01; done; echo ready';
  writeFileSync(join(directory, "daemon.sh"), DAEMON);
  const { result } = await runIn(["sh", "-c", `${start}; ${wait}; ${then}`, "sh", directory], options);
  expect(existsSync(canary)).toBe(true);
  const left = namedBy(directory);
  writeFileSync(canary, "untouched");
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { end: result.end, left, canary: readFileSync(canary, "utf8") };
}

const QUIET_DAEMON = '(setsid sh "$1/daemon.sh" "$1" </dev/null >/dev/null 2>&1 &)';

test.runIf(onLinux)("a daemon that forked twice into its own session ends with a successful run", async () => {
  const ran = await runDaemon(QUIET_DAEMON, "exit 0");
  expect(ran).toEqual({ end: { type: "exited", code: 0 }, left: [], canary: "untouched" });
});

test.runIf(onLinux)("a daemon that holds the output open ends too", async () => {
  const ran = await runDaemon('(setsid sh "$1/daemon.sh" "$1" &)', "exit 4");
  expect(ran).toEqual({ end: { type: "exited", code: 4 }, left: [], canary: "untouched" });
});

test.runIf(onLinux)("a child without the mark ends when its session has a marked process", async () => {
  const hidden = `env -i PATH="$PATH" sh "$1/daemon.sh" "$1" & sleep 60`;
  const ran = await runDaemon(`(setsid sh -c '${hidden}' sh "$1" </dev/null >/dev/null 2>&1 &)`, "exit 0");
  expect(ran).toEqual({ end: { type: "exited", code: 0 }, left: [], canary: "untouched" });
});

test.runIf(onLinux)("daemons end with an aborted run", async () => {
  const abort = new AbortController();
  const options = { signal: abort.signal, onOutput: (): void => abort.abort() };
  const ran = await runDaemon(QUIET_DAEMON, "sleep 60", options);
  expect(ran).toEqual({ end: { type: "aborted" }, left: [], canary: "untouched" });
});

test.runIf(onLinux)("two runs at once do not end each other's processes", async () => {
  const slow = shell("sleep 1; echo survived");
  const ran = await runDaemon(QUIET_DAEMON, "exit 0");
  expect(ran.left).toEqual([]);
  expect(await slow).toMatchObject({ result: { end: { type: "exited", code: 0 } }, output: "survived\n" });
});

test.runIf(onLinux)("a crowd of processes that keep forking is ended", async () => {
  // Each generation lives in a new session and is replaced by the next: a single sweep always misses the newest ones.
  const breed = `trap "" TERM; echo alive > "$1/canary"; sleep 0.05
[ $2 -lt 200 ] && setsid sh "$1/breed.sh" "$1" $(($2 + 1)) & sleep 0.1
`;
  const directory = newDirectory();
  writeFileSync(join(directory, "breed.sh"), breed);
  const start = 'for i in 1 2 3 4 5; do setsid sh "$1/breed.sh" "$1" 0 </dev/null >/dev/null 2>&1 & done; sleep 0.3';
  const { result } = await runIn(["sh", "-c", start, "sh", directory]);
  expect(existsSync(join(directory, "canary"))).toBe(true);
  expect(result.end).toEqual({ type: "exited", code: 0 });
  expect(namedBy(directory)).toEqual([]);
});

test.runIf(onLinux)(
  "memory and number of processes are limited without a room too, all processes together",
  async () => {
    const hog = `node -e 'const all = []; setInterval(() => { if (all.length < 15) all.push(Buffer.alloc(8 << 20, 1)); }, 20);'`;
    const hoarding = await shell(`${hog} & ${hog} & wait`, { limits: { memoryBytes: 200 * 1024 * 1024 } });
    expect(hoarding.result.end).toEqual({ type: "limit", limit: "memory" });
    const many = await shell("for n in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait", { limits: { processes: 8 } });
    expect(many.result.end).toEqual({ type: "limit", limit: "processes" });
  },
);

test("a run that asks for a room where nobody makes one does not run", async () => {
  const room = { sandbox: "bwrap" as const, write: [], read: [], network: [], onRefused: () => undefined };
  const { result, output } = await shell("echo ran", { room });
  expect(result.end).toEqual({ type: "no-room", message: "There are no sandboxes here." });
  expect(output).toBe("");
});

// ── conversations ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Talked extends Ran {
  readonly heard: string;
}

/** `answer` is called with everything that was heard so far, and may write a line. */
async function talk(
  script: string,
  answer: (heard: string, line: TalkLine) => void,
  options: RunOptions = {},
): Promise<Talked> {
  let heard = "";
  let line: TalkLine | undefined;
  const ran = await shell(script, {
    talk: {
      begin: (given) => {
        line = given;
        answer(heard, given);
      },
      hear: (chunk) => {
        heard += Buffer.from(chunk).toString();
        if (line !== undefined) answer(heard, line);
      },
    },
    ...options,
  });
  return { ...ran, heard };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test("a conversation hears standard output as it comes, and its answers reach a standard input that stays open", async () => {
  let isGreeted = false;
  const { result, output, heard } = await talk(
    'read first; echo "got $first"; read second; echo "got $second"; cat; echo bye >&2',
    (soFar, line) => {
      if (!isGreeted) {
        isGreeted = true;
        line.write(bytes("one\n"));
      } else if (soFar === "got one\n") line.write(bytes("two\n"));
      else if (soFar === "got one\ngot two\n") line.end();
    },
  );
  expect(result.end).toEqual({ type: "exited", code: 0 });
  expect(heard).toBe("got one\ngot two\n");
  expect(output).toBe("bye\n");
  expect(result.outputBytes).toBe(heard.length + output.length);
  expect(result.outputDigest).toBe(sha256(heard + output));
});

test("what is heard counts against the limits like any other output, and is cut at the same byte", async () => {
  const flood = await talk("yes 0123456789", () => undefined, { limits: { outputBytes: 10_000 } });
  expect(flood.result).toMatchObject({ end: { type: "limit", limit: "output" }, outputBytes: 10_000 });
  expect(flood.heard).toHaveLength(10_000);
  const silent = await talk("sleep 30", () => undefined, { limits: { idleMs: 200 } });
  expect(silent.result.end).toEqual({ type: "limit", limit: "idle" });
});

test("nothing is kept without end for a child that does not read, and a line to one that is gone is closed", async () => {
  const said: string[] = [];
  let isDone = false;
  await talk(
    "echo go; exec sleep 30",
    (soFar, line) => {
      if (soFar === "" || isDone) return;
      isDone = true;
      for (let count = 0; count < 100; count++) said.push(line.write(new Uint8Array(1024 * 1024)));
    },
    { limits: { idleMs: 500 } },
  );
  expect(said.filter((one) => one === "sent").length).toBeLessThan(8);
  expect(said.at(-1)).toBe("full");
  let line: TalkLine | undefined;
  await talk("exit 0", (_, given) => {
    line = given;
  });
  expect(line?.write(bytes("late\n"))).toBe("closed");
});

test("a fault of the listener is raised once the child is gone", async () => {
  const running = shell("echo go; exec sleep 30", {
    talk: {
      begin: () => undefined,
      hear: () => {
        throw new Error("the listener has a bug");
      },
    },
  });
  await expect(running).rejects.toThrow("the listener has a bug");
});
