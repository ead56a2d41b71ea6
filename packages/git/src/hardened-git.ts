/**
 * The one place that starts git.
 *
 * A repository is a program for git: its configuration, hooks, attributes and refs can all name commands. So every call
 * pins the repository it works on, ignores the machine's and the user's configuration, switches off whatever runs
 * commands, may use at most one transport, and gets its arguments as a list, never through a shell. Each call has a
 * deadline and an output limit, and leads a process group of its own that is ended as a whole.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { setMaxListeners } from "node:events";
import { err, ok, unreachable, type Result } from "@skein/core";
import type { GitError } from "@skein/node";
import { aborted, failed, gitError, oneLine } from "./git-error.ts";
import type { Protocol } from "./remote.ts";

/** What a person's git may need to reach the remote. Given to calls that talk to the remote and to no others. */
export interface RemoteAccess {
  /** Home directory for `.netrc` and what hooks of a local remote read. */
  readonly home?: string;
  readonly sshAuthSock?: string;
  /** Replaces `ssh`; set by the operator. git runs it through a shell, so it is never built from other text. */
  readonly sshCommand?: string;
  /** Proxy and certificate settings; other names are not passed on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface GitOptions {
  /** An existing, empty directory: the home of every call, and where calls without a `cwd` run. */
  readonly emptyHome: string;
  readonly access?: RemoteAccess;
  /** Never printed, wherever git repeats them. */
  readonly secrets?: readonly string[];
  readonly deadlines?: Deadlines;
}

export interface Deadlines {
  readonly localMs: number;
  readonly remoteMs: number;
}

interface GitCall {
  /** Completes "Could not …" in the error's sentence. */
  readonly doing: string;
  readonly args: readonly string[];
  readonly gitDir?: string;
  readonly workTree?: string;
  /** Only to look for the repository a person named; everything else pins `gitDir`. */
  readonly cwd?: string;
  readonly stdin?: string;
  /** The one transport this call may use; without it, none. */
  readonly protocol?: Protocol;
  /** The call talks to the remote and gets the access and the deadline for that. */
  readonly remote?: boolean;
  /** Fixed settings of ours that override the defaults below. */
  readonly config?: readonly string[];
  /** Fixed variables of ours (identity and dates of a commit). */
  readonly env?: Readonly<Record<string, string>>;
  readonly maxOutputBytes?: number;
  /**
   * The call reads what an agent or another node made: too slow, too loud and broken down mean that it was made for that.
   * Waiting does not help then, and the error says so.
   */
  readonly reads?: "foreign";
}

export interface GitExit {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Git {
  /** Any exit code is a value; not started, aborted, too slow or too loud is an error. */
  run(call: GitCall, signal: AbortSignal): Promise<Result<GitExit, GitError>>;
  /** Standard output of a call that has to succeed. */
  output(call: GitCall, signal: AbortSignal): Promise<Result<string, GitError>>;
}

const CONFIG: readonly string[] = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.symlinks=false",
  "core.untrackedCache=false",
  "core.pager=cat",
  "core.attributesFile=/dev/null",
  "core.excludesFile=/dev/null",
  "protocol.ext.allow=never",
  "protocol.file.allow=never",
  "safe.bareRepository=explicit",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "push.recurseSubmodules=no",
  "fetch.fsckObjects=true",
  "transfer.fsckObjects=true",
  "receive.fsckObjects=true",
  // Old and harmless sloppiness of early git versions and importers, found in the history of many honest repositories.
  "fetch.fsck.zeroPaddedFilemode=ignore",
  "fetch.fsck.badTimezone=ignore",
  "fetch.fsck.missingSpaceBeforeDate=ignore",
  "gc.auto=0",
  "maintenance.auto=false",
  "credential.helper=",
  "credential.interactive=false",
  "diff.external=",
  "uploadpack.packObjectsHook=",
  "commit.gpgSign=false",
  "push.gpgSign=false",
  "log.showSignature=false",
  "advice.detachedHead=false",
];
const FLAGS: readonly string[] = ["--no-replace-objects", "--no-pager", ...CONFIG.flatMap((entry) => ["-c", entry])];

const PASSED_ON: readonly string[] = [
  "HTTPS_PROXY",
  "https_proxy",
  "ALL_PROXY",
  "all_proxy",
  "NO_PROXY",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
];

const DEADLINES: Deadlines = { localMs: 120_000, remoteMs: 300_000 };
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const MAX_STDERR_BYTES = 64 * 1024;
/** git removes its lock files when it is asked to end; after this it is ended without being asked. */
const GRACE_MS = 2_000;
/** A helper that outlives git (a shared ssh connection) may hold the pipes open; the exit code is already there. */
const PIPES_MS = 1_000;

export function createGit(options: GitOptions): Git {
  const hide = (text: string): string =>
    (options.secrets ?? []).reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);

  const run = async (call: GitCall, signal: AbortSignal): Promise<Result<GitExit, GitError>> => {
    if (signal.aborted) return err(aborted(call.doing));
    const deadlines = options.deadlines ?? DEADLINES;
    const ended = await execute(
      {
        argv: commandLine(call),
        cwd: call.cwd ?? options.emptyHome,
        env: environment(call, options),
        stdin: call.stdin ?? "",
        deadlineMs: call.remote === true ? deadlines.remoteMs : deadlines.localMs,
        maxOutputBytes: call.maxOutputBytes ?? MAX_OUTPUT_BYTES,
      },
      signal,
    );
    if (ended.type === "exited") return ok({ ...ended.exit, stderr: hide(ended.exit.stderr) });
    return err(notFinished(call, ended));
  };

  return {
    run,
    output: async (call, signal) => {
      const exit = await run(call, signal);
      if (!exit.ok) return exit;
      const { code, stdout, stderr } = exit.value;
      return code === 0 ? ok(stdout.toString("utf8")) : err(failed(call.doing, stderr));
    },
  };
}

function commandLine(call: GitCall): readonly string[] {
  return [
    ...FLAGS,
    ...(call.config ?? []).flatMap((entry) => ["-c", entry]),
    ...(call.gitDir === undefined ? [] : [`--git-dir=${call.gitDir}`]),
    ...(call.workTree === undefined ? [] : [`--work-tree=${call.workTree}`]),
    ...call.args,
  ];
}

function environment(call: GitCall, options: GitOptions): Record<string, string> {
  const access = call.remote === true ? (options.access ?? {}) : {};
  const passedOn = PASSED_ON.flatMap((name): [string, string][] => {
    const value = access.env?.[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passedOn),
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: access.home ?? options.emptyHome,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_ALLOW_PROTOCOL: call.protocol ?? "",
    GIT_PROTOCOL_FROM_USER: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_NO_LAZY_FETCH: "1",
    // Of one piece of memory: an object can claim any size. Blobs beyond git's own threshold are streamed.
    GIT_ALLOC_LIMIT: "1g",
    GIT_SSH_COMMAND: access.sshCommand ?? "ssh -oBatchMode=yes -oConnectTimeout=20",
    ...(access.sshAuthSock === undefined ? {} : { SSH_AUTH_SOCK: access.sshAuthSock }),
    ...call.env,
  };
}

// ── one process ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Execution {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly stdin: string;
  readonly deadlineMs: number;
  readonly maxOutputBytes: number;
}

type Unfinished =
  | { readonly type: "aborted" }
  | { readonly type: "too-slow"; readonly deadlineMs: number }
  | { readonly type: "too-loud"; readonly maxOutputBytes: number }
  | { readonly type: "signalled"; readonly signal: string }
  | { readonly type: "not-started"; readonly reason: string };

type Ended = { readonly type: "exited"; readonly exit: GitExit } | Unfinished;

function notFinished(call: GitCall, ended: Unfinished): GitError {
  const type = call.reads === "foreign" ? "bad-object" : "git-failed";
  switch (ended.type) {
    case "aborted":
      return aborted(call.doing);
    case "too-slow":
      return gitError(
        call.remote === true ? "remote-unreachable" : type,
        `Could not ${call.doing}: git did not finish within ${Math.ceil(ended.deadlineMs / 1000)} s and was ended. ` +
          "Check the remote and the disk.",
      );
    case "too-loud":
      return gitError(
        type,
        `Could not ${call.doing}: git wrote more than ${ended.maxOutputBytes} bytes and was ended. The repository is larger than Skein expects here.`,
      );
    case "signalled":
      return gitError(
        brokeDown(ended.signal) ? type : "git-failed",
        `Could not ${call.doing}: git was ended by ${ended.signal}.`,
      );
    case "not-started":
      return gitError(
        "git-failed",
        `Could not ${call.doing}: git could not be started (${oneLine(ended.reason)}). Install git 2.39.4 or newer and put it on PATH.`,
      );
    default:
      return unreachable(ended);
  }
}

/** Not what a person or the system sends to be rid of a process. */
const brokeDown = (signal: string): boolean => ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"].includes(signal);

async function execute(execution: Execution, signal: AbortSignal): Promise<Ended> {
  let child: ChildProcess;
  try {
    child = spawn("git", execution.argv, {
      cwd: execution.cwd,
      env: execution.env,
      detached: true,
      shell: false,
      stdio: ["pipe", "pipe", "pipe"],
    });
  } catch (cause) {
    return { type: "not-started", reason: cause instanceof Error ? cause.message : String(cause) };
  }
  return watch(child, execution, signal);
}

function watch(child: ChildProcess, execution: Execution, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let stdoutBytes = 0;
    let stderrBytes = 0;
    let unfinished: Unfinished | undefined;
    const timers: NodeJS.Timeout[] = [];

    const end = (why: Unfinished): void => {
      if (unfinished !== undefined) return;
      unfinished = why;
      signalGroup(child, "SIGTERM");
      timers.push(setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS));
    };
    const onAbort = (): void => end({ type: "aborted" });
    let settled = false;
    const settle = (ended: Ended): void => {
      if (settled) return;
      settled = true;
      timers.forEach((timer) => clearTimeout(timer));
      signal.removeEventListener("abort", onAbort);
      // What was asked to end and left something behind does not get a second life.
      if (unfinished !== undefined) signalGroup(child, "SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(ended);
    };
    const finish = (code: number | null, killedBy: NodeJS.Signals | null): void => {
      if (unfinished !== undefined) settle(unfinished);
      else if (code === null) settle({ type: "signalled", signal: killedBy ?? "a signal" });
      else {
        const exit = { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8") };
        settle({ type: "exited", exit });
      }
    };

    // One signal may end a whole node's calls; that many listeners are no leak.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort, { once: true });
    timers.push(setTimeout(() => end({ type: "too-slow", deadlineMs: execution.deadlineMs }), execution.deadlineMs));
    child.stdout?.on("data", (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes <= execution.maxOutputBytes) stdout.push(chunk);
      else end({ type: "too-loud", maxOutputBytes: execution.maxOutputBytes });
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      if (stderrBytes < MAX_STDERR_BYTES) stderr.push(chunk);
      stderrBytes += chunk.length;
    });
    child.on("error", (cause) => settle({ type: "not-started", reason: cause.message }));
    child.on("exit", (code, killedBy) => timers.push(setTimeout(() => finish(code, killedBy), PIPES_MS)));
    child.on("close", finish);
    // A git that ends before it read its input breaks the pipe; its exit code and standard error say why.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(execution.stdin);
  });
}

function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group is gone already, which is what was asked for.
  }
}
