/**
 * The `Processes` port for real: one child process with captured output, limits, and a process tree that ends.
 *
 *     spawn ─► running ──exit | limit | abort──► tree is ended ─► rest of the output is read ─► result
 *
 * The first of exit, limit and abort decides what is reported. The tree is ended in every case, exit code 0 included:
 * what an attempt leaves running would otherwise work on in a directory that the next step believes to be still.
 *
 * A run with a room is started shut in: what is spawned is the room's keeper, and the command is its child.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { err, ok, type Result } from "@skein/core";
import type {
  Entered,
  LimitName,
  ProcessEnd,
  Processes,
  ProcessResult,
  ProcessSpec,
  Rooms,
  TalkLine,
} from "@skein/node";
import { createCapturedOutput, type CapturedOutput } from "./captured-output.ts";
import { watchLimits } from "./limit-watch.ts";
import { endTree, type ProcessTree, trackOwner } from "./process-tree.ts";
import { type Launch, spawnChild } from "./spawn-child.ts";

export interface ProcessesOptions {
  /** Marks this node's children, over its restarts too; see `endLeftovers`. Letters and digits. */
  readonly owner?: string;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
  /** Makes rooms. Without it, a run that asks for one does not start. */
  readonly rooms?: Rooms;
  /** Called with one sentence when processes could not be ended (another user's, or stuck in the kernel). */
  readonly onSurvivors?: (message: string) => void;
}

type Settings = Required<Omit<ProcessesOptions, "rooms">> & { readonly rooms: Rooms };

const NO_ROOMS: Rooms = {
  enter: () => Promise.resolve(err({ type: "no-room", message: "There are no sandboxes here." })),
};

const GRACE_MS = 2_000;
/** With the tree gone, output ends at once; longer only when somebody outside the tree was handed the pipe. */
const REST_OF_OUTPUT_MS = 5_000;
/** What a child may leave unread of what it is sent. */
const UNREAD_BYTES = 4 * 1024 * 1024;
/** Node fires a timer at once when its delay does not fit into 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createProcesses(options: ProcessesOptions = {}): Processes {
  const settings: Settings = {
    rooms: options.rooms ?? NO_ROOMS,
    owner: options.owner ?? "anonymous",
    graceMs: options.graceMs ?? GRACE_MS,
    onSurvivors: options.onSurvivors ?? ((message) => process.emitWarning(message)),
  };
  return { run: (spec, signal) => run(spec, signal, settings) };
}

/**
 * Ends what an earlier life of this node left running: children of a node that was killed live on. Call it before any
 * run. Returns how many processes could not be ended.
 */
export async function endLeftovers(owner: string, graceMs: number = GRACE_MS): Promise<number> {
  const survivors = await endTree(trackOwner(owner), graceMs);
  return survivors.length;
}

async function run(spec: ProcessSpec, signal: AbortSignal, settings: Settings): Promise<ProcessResult> {
  const startedAt = performance.now();
  const output = createCapturedOutput(spec.limits.outputBytes, spec.onOutput);
  const report = (end: ProcessEnd, endedAt = performance.now()): ProcessResult => ({
    end,
    durationMs: Math.round(endedAt - startedAt),
    ...output.finish(),
  });
  if (signal.aborted) return report({ type: "aborted" });
  const entered = await enter(spec, settings.rooms);
  if (!entered.ok) return report(entered.error);
  const { launch, leave, scratch } = entered.value;
  try {
    // A room takes a while to make.
    if (signal.aborted) return report({ type: "aborted" });
    const started = await spawnChild(launch, `${settings.owner}-${randomBytes(16).toString("hex")}`);
    if (!started.ok) return report(launch.isRoom ? noRoom(started.error) : notStarted(started.error));
    const { child, tree, status } = started.value;

    const closed = closeOf(child);
    feed(child, spec);
    const ended = firstEnd(child, { spec, output, signal, tree, scratch });
    spec.talk?.begin(lineTo(child));
    const end = await ended;
    const endedAt = performance.now();
    const survivors = await endTree(tree, isUrgent(end) ? 0 : settings.graceMs);
    await readRest(child, closed);

    if (survivors.length > 0) settings.onSurvivors(survivorMessage(spec, survivors));
    const failure = output.failure();
    if (failure !== undefined) throw failure.cause;
    if (!entered.value.ran(status(), end)) return report(noRoom(lastWords(output)), endedAt);
    return report(withOverflow(end, output), endedAt);
  } finally {
    await leave();
  }
}

const notStarted = (message: string): ProcessEnd => ({ type: "not-started", message });
const noRoom = (message: string): ProcessEnd => ({ type: "no-room", message });

const lastWords = (output: CapturedOutput): string => {
  const said = output.tail().trim().split("\n").at(-1) ?? "";
  return `The sandbox could not be made${said === "" ? "." : `: ${said}.`}`;
};

/** What runs away with the machine gets no time to say good-bye. */
const isUrgent = (end: ProcessEnd): boolean =>
  end.type === "limit" && end.limit !== "wall" && end.limit !== "idle" && end.limit !== "output";

interface Started extends Pick<Entered, "ran" | "leave" | "scratch"> {
  readonly launch: Launch;
}

async function enter(spec: ProcessSpec, rooms: Rooms): Promise<Result<Started, ProcessEnd>> {
  if (spec.room === undefined) {
    return ok({
      launch: { ...spec, isRoom: false, keeper: () => undefined },
      ran: () => true,
      leave: () => Promise.resolve(),
      scratch: [],
    });
  }
  const entered = await rooms.enter(spec.room, spec);
  return entered.ok ? ok({ ...entered.value, launch: { ...entered.value, isRoom: true } }) : entered;
}

/** A child that does not read its input is free not to: a broken pipe here says nothing about its success. */
function feed(child: ChildProcessWithoutNullStreams, { stdin, talk }: ProcessSpec): void {
  child.stdin.on("error", () => {});
  if (talk === undefined) child.stdin.end(stdin);
  else if (stdin !== "") child.stdin.write(stdin);
}

/** Nothing is queued without end for a child that does not read. */
function lineTo({ stdin }: ChildProcessWithoutNullStreams): TalkLine {
  return {
    write: (bytes) => {
      if (!stdin.writable) return "closed";
      if (stdin.writableLength > UNREAD_BYTES) return "full";
      stdin.write(bytes);
      return "sent";
    },
    end: () => {
      stdin.end();
    },
  };
}

interface Watched {
  readonly tree: ProcessTree;
  readonly scratch: readonly string[];
  readonly spec: ProcessSpec;
  readonly output: CapturedOutput;
  readonly signal: AbortSignal;
}

/** Resolves with what ended the run first. Output goes on being captured afterwards. */
function firstEnd(
  child: ChildProcessWithoutNullStreams,
  { spec, output, signal, tree, scratch }: Watched,
): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    let settled = false;
    const finish = (end: ProcessEnd): void => {
      settled = true;
      clearTimeout(wall);
      clearTimeout(idle);
      unwatch();
      signal.removeEventListener("abort", onAbort);
      resolve(end);
    };
    const limit = (name: LimitName) => (): void => finish({ type: "limit", limit: name });
    const unwatch = watchLimits({ tree, spec, scratch }, (name) => limit(name)());
    const wall = setTimeout(limit("wall"), timerMs(spec.limits.wallMs));
    const onIdle = (): void => {
      if (spec.excuse?.holds() === true) idle.refresh();
      else limit("idle")();
    };
    const idle = setTimeout(onIdle, timerMs(spec.limits.idleMs));
    spec.excuse?.onEnd(() => {
      // A refresh would wake a timer that was already cleared.
      if (!settled) idle.refresh();
    });
    const onAbort = (): void => finish({ type: "aborted" });
    const onChunk = (chunk: Uint8Array, to?: (piece: Uint8Array) => void): void => {
      output.take(chunk, to);
      // A refresh would wake a timer that was already cleared.
      if (settled) return;
      idle.refresh();
      if (output.overflowed()) limit("output")();
      if (output.failure() !== undefined) onAbort();
    };

    signal.addEventListener("abort", onAbort);
    // The handlers take each chunk synchronously, so what is not read yet waits in the pipe and slows the child down.
    const hear = spec.talk === undefined ? undefined : (piece: Uint8Array) => spec.talk?.hear(piece);
    child.stdout.on("data", (chunk: Uint8Array) => onChunk(chunk, hear));
    child.stderr.on("data", (chunk: Uint8Array) => onChunk(chunk));
    child.once("exit", (code, name) =>
      finish(name === null ? { type: "exited", code: code ?? 0 } : { type: "signalled", signal: name }),
    );
  });
}

function closeOf(child: ChildProcessWithoutNullStreams): Promise<"closed"> {
  return new Promise((resolve) => {
    child.once("close", () => resolve("closed"));
  });
}

/** Waits for the end of both output streams, but not for ever: a stranger that holds the pipe must not hold the run. */
async function readRest(child: ChildProcessWithoutNullStreams, closed: Promise<"closed">): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, REST_OF_OUTPUT_MS, "late");
  });
  const outcome = await Promise.race([closed, late]);
  clearTimeout(timer);
  if (outcome === "closed") return;
  child.stdin.destroy();
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}

/** Output that was still in the pipe when the process ended counts against the limit like the rest. */
function withOverflow(end: ProcessEnd, output: CapturedOutput): ProcessEnd {
  const natural = end.type === "exited" || end.type === "signalled";
  return natural && output.overflowed() ? { type: "limit", limit: "output" } : end;
}

function survivorMessage(spec: ProcessSpec, pids: readonly number[]): string {
  const program = JSON.stringify(spec.argv[0]);
  return `Could not end every process that ${program} started: ${pids.join(", ")} still live. End them by hand.`;
}

function timerMs(limitMs: number): number {
  return Math.min(Math.max(limitMs, 0), LONGEST_TIMER_MS);
}
