/**
 * The sandboxes of a node: whether each kind works here, and the rooms that commands run in.
 *
 * Nothing is ever run unshut because a sandbox does not work: a kind that is not available refuses, with a sentence, and is
 * looked at again as long as somebody asks for it.
 */
import type { SandboxOwnConfig } from "@skein/config";
import { err, ok, type Result } from "@skein/core";
import type { Clock, Entered, ProcessEnd, ProcessSpec, Room, Rooms, Sandboxes, ShuttingSandbox } from "@skein/node";

import type { Command, Driver } from "./driver.ts";
import type { EtcFiles } from "./etc-files.ts";
import { type Layout, layoutOf, nodeDirectory, ROOM_HOME } from "./layout.ts";
import { findProgram } from "./program.ts";
import { openWayOut, type WayOut } from "./way-out.ts";

export interface SandboxesOptions {
  readonly drivers: readonly Driver[];
  readonly clock: Clock;
  readonly etc: EtcFiles;
  /** A directory of the node's own, for what only one room has. */
  readonly places: string;
  /** The data directory: never seen from inside. */
  readonly secret: string;
  /** What the owner of this machine gives, as it is now. */
  readonly own: () => Result<SandboxOwnConfig, string>;
}

const LOOK_AGAIN_MS = 10_000;

interface Looked {
  readonly result: Result<string, string> | undefined;
  readonly atMs: number;
}

const NEVER: Looked = { result: undefined, atMs: Number.NEGATIVE_INFINITY };

export function createSandboxes(options: SandboxesOptions): Sandboxes & Rooms {
  const looked = new Map<ShuttingSandbox, Looked>();
  const driverOf = (kind: ShuttingSandbox): Driver | undefined => options.drivers.find((one) => one.kind === kind);

  /** One look at a time, and after a bad one another before long. */
  const look = (kind: ShuttingSandbox): Looked => {
    const known = looked.get(kind) ?? NEVER;
    const driver = driverOf(kind);
    const isDue = known.result?.ok !== true && options.clock.monoMs() - known.atMs >= LOOK_AGAIN_MS;
    if (driver === undefined || !isDue) return known;
    const atMs = options.clock.monoMs();
    looked.set(kind, { ...known, atMs });
    void driver.available().then((result) => looked.set(kind, { result, atMs }));
    return known;
  };

  return {
    refusal: (kind) => {
      if (driverOf(kind) === undefined) return `This version does not have ${kind} yet.`;
      const { result } = look(kind);
      if (result === undefined) return `Whether ${kind} works here is being found out.`;
      return result.ok ? undefined : result.error;
    },
    describe: (kind) => {
      const { result } = look(kind);
      return result?.ok === true ? result.value : undefined;
    },
    enter: async (room, command) => {
      const driver = driverOf(room.sandbox);
      if (driver === undefined) return noRoom(`This version does not have ${room.sandbox} yet.`);
      if (looked.get(room.sandbox)?.result?.ok !== true) {
        const result = await driver.available();
        looked.set(room.sandbox, { result, atMs: options.clock.monoMs() });
        if (!result.ok) return noRoom(result.error);
      }
      return enter(options, driver, room, command);
    },
  };
}

type Refused = Extract<ProcessEnd, { readonly type: "no-room" | "not-started" }>;

const noRoom = (message: string): Result<never, Refused> => err({ type: "no-room", message });

async function enter(
  options: SandboxesOptions,
  driver: Driver,
  room: Room,
  command: Pick<ProcessSpec, "argv" | "cwd" | "env" | "limits">,
): Promise<Result<Entered, Refused>> {
  const own = options.own();
  if (!own.ok) return noRoom(own.error);
  const egress = { asked: room.network, given: own.value.network?.allow };
  const out = await openWayOut({ egress, places: options.places, onRefused: room.onRefused });
  if (!out.ok) return noRoom(out.error);
  const entered = furnish(options, driver, { room, own: own.value, out: out.value }, command);
  if (!entered.ok) await out.value.close();
  return entered;
}

interface Furniture {
  readonly room: Room;
  readonly own: SandboxOwnConfig;
  readonly out: WayOut;
}

function furnish(
  options: SandboxesOptions,
  driver: Driver,
  { room, own, out }: Furniture,
  { argv, cwd, env, limits }: Pick<ProcessSpec, "argv" | "cwd" | "env" | "limits">,
): Result<Entered, Refused> {
  const layout = layoutOf({
    write: [...room.write, ...own.caches],
    read: [...room.read, ...own.read],
    more: out.mounts,
    etc: options.etc,
    secret: options.secret,
    memoryBytes: limits.memoryBytes,
  });
  if (!layout.ok) return noRoom(layout.error);
  const command: Command = { argv, cwd, env: roomEnvironment(env), processes: limits.processes };
  const program = findProgram(command, layout.value);
  if (!program.ok) return err({ type: "not-started", message: program.error });
  const wrapped = driver.wrap(layout.value, { ...command, argv: limited(out.through(argv), limits) });
  if (!wrapped.ok) return noRoom(wrapped.error);
  const leave = async (): Promise<void> => {
    await wrapped.value.leave();
    await out.close();
  };
  return ok({ ...wrapped.value, scratch: scratchOf(layout.value), leave });
}

const scratchOf = ({ scratch }: Layout): readonly string[] => [...scratch.map(({ path }) => path), "/dev/shm"];

/** Whose home and name the node's user has is nobody's business inside. */
function roomEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const path = (env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  const node = nodeDirectory();
  return {
    ...env,
    PATH: [...path, ...(path.includes(node) ? [] : [node])].join(":"),
    HOME: ROOM_HOME,
    USER: "skein",
    LOGNAME: "skein",
    SHELL: "/bin/sh",
    TMPDIR: "/tmp",
  };
}

/** Work gives way to the node, which has leases to renew; where memory runs out, it goes first. */
const YIELD = "echo 500 2>/dev/null >/proc/self/oom_score_adj || :; ";
const NICE = "nice -n 5";
const OPEN_FILES = 16_384;
const BLOCK_BYTES = 512;

/**
 * What the system itself keeps to, for each process: no core files, its processor time, the size of one file. A limit that
 * is lower already stays, so each is set by itself and none may fail.
 */
function limited(argv: readonly [string, ...string[]], { cpuMs, diskBytes }: ProcessSpec["limits"]): Command["argv"] {
  const settings = [
    "-c 0",
    `-n ${OPEN_FILES}`,
    ...(cpuMs === undefined ? [] : [`-t ${Math.ceil(cpuMs / 1_000) + 1}`]),
    ...(diskBytes === undefined ? [] : [`-f ${Math.ceil(diskBytes / BLOCK_BYTES)}`]),
  ];
  const script = settings.map((setting) => `ulimit ${setting} 2>/dev/null || :; `).join("");
  return ["/bin/sh", "-c", `${YIELD}${script}exec ${NICE} "$@"`, "sh", ...argv];
}
