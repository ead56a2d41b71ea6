/**
 * Reads what `strace -f -y -xx` saw and judges the order of writes: whatever leaves through a socket must have been in the
 * write-ahead log, and that file synced, before.
 */

export interface Traced {
  readonly kind: "file-write" | "socket-write" | "sync";
  /** What the descriptor stands for: a path, or a socket. */
  readonly target: string;
  /** Written bytes as strace prints them with -xx, over all pieces. */
  readonly bytes: string;
  /** Line where the call began, and where it had returned. */
  readonly began: number;
  readonly ended: number;
  readonly succeeded: boolean;
}

const WRITES = new Set(["pwrite64", "write", "writev", "sendto", "sendmsg"]);
const SYNCS = new Set(["fsync", "fdatasync"]);

/** `[pid] name(descriptor<target>, rest`; several threads may be in the middle of a call at once. */
const CALL = /^(?:\[pid\s+)?(\d+)?\]?\s*(\w+)\((\d+)<(.*?)>(?=[,)]| <unfinished)(.*)$/;
const RESUMED = /^(?:\[pid\s+)?(\d+)?\]?\s*<\.\.\. (\w+) resumed>(.*)$/;
const RESULT = /= (-?\d+)(?: .*)?$/;

export function readTrace(text: string): readonly Traced[] {
  const calls: Traced[] = [];
  const unfinished = new Map<string, Omit<Traced, "ended" | "succeeded">>();
  for (const [line, content] of text.split("\n").entries()) {
    const resumed = RESUMED.exec(content);
    if (resumed !== null) {
      const [, pid = "", , rest = ""] = resumed;
      const call = unfinished.get(pid);
      unfinished.delete(pid);
      if (call !== undefined) calls.push({ ...call, ended: line, succeeded: isSuccess(rest) });
      continue;
    }
    const call = CALL.exec(content);
    if (call === null) continue;
    const [, pid = "", name = "", , target = "", rest = ""] = call;
    const kind = kindOf(name, decodeHex(target));
    if (kind === undefined) continue;
    const begun = { kind, target: decodeHex(target), bytes: hexOf(rest), began: line };
    if (rest.includes("<unfinished ...>")) unfinished.set(pid, begun);
    else calls.push({ ...begun, ended: line, succeeded: isSuccess(rest) });
  }
  return calls.toSorted((a, b) => a.began - b.began);
}

const isSuccess = (rest: string): boolean => Number(RESULT.exec(rest)?.[1] ?? -1) >= 0;

function kindOf(name: string, target: string): Traced["kind"] | undefined {
  if (SYNCS.has(name)) return "sync";
  if (!WRITES.has(name)) return undefined;
  if (/^(?:socket|TCP|TCPv6|UNIX|UNIX-STREAM)\b/.test(target)) return "socket-write";
  return target.startsWith("/") ? "file-write" : undefined;
}

/** All string arguments of a call in one, as two hex digits per byte. */
const hexOf = (rest: string): string =>
  [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, piece = ""]) => piece.replaceAll("\\x", "")).join("");

const decodeHex = (text: string): string =>
  text.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** Undefined when the text was on the disk before it was on any socket; otherwise what was wrong. */
export function leak(calls: readonly Traced[], text: string, logFile: RegExp): string | undefined {
  const wanted = Buffer.from(text).toString("hex");
  const sent = calls.find((call) => call.kind === "socket-write" && call.bytes.includes(wanted));
  if (sent === undefined) return `"${text}" was never sent: the trace proves nothing`;
  const stored = calls.find(
    (call) => call.kind === "file-write" && logFile.test(call.target) && call.bytes.includes(wanted),
  );
  if (stored === undefined) return `"${text}" was sent and never written to the log`;
  const synced = calls.find(
    (call) => call.kind === "sync" && call.target === stored.target && call.succeeded && call.began > stored.ended,
  );
  if (synced === undefined) return `"${text}" was written and never synced`;
  if (synced.ended < sent.began) return undefined;
  return `"${text}" was sent at line ${sent.began} and its log synced only at line ${synced.ended}`;
}
