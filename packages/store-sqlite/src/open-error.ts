/** Why a log could not be opened, as one sentence for the person who started the node. */
import { failureOf } from "./sqlite-error.ts";

export interface OpenError {
  readonly type: "in-use" | "newer-version" | "not-a-log" | "read-only" | "disk-full" | "disk-io" | "corrupt";
  readonly message: string;
  /** Of damage: what is wrong, as a clause. */
  readonly detail?: string;
}

/** The file was not written by this program, and nothing in it was changed. */
export const notALog = (file: string): OpenError => ({
  type: "not-a-log",
  message: `${file} is not a log of Skein, or its first bytes are damaged; it was left as it is. Move it away or choose another data directory.`,
});

export const newerVersion = (file: string, version: number): OpenError => ({
  type: "newer-version",
  message: `${file} was written by a newer Skein (its format is version ${version}). Upgrade Skein on this machine.`,
});

export const corrupt = (file: string, detail: string): OpenError => ({
  type: "corrupt",
  detail,
  message: `${file} is damaged (${detail}). \`skein up\` puts it aside, keeps what is whole, and fetches the rest from other nodes.`,
});

const inUse = (file: string, pid: number | undefined): OpenError => ({
  type: "in-use",
  message: `${file} is in use by ${
    pid === undefined ? "another process" : `process ${pid}`
  }. Stop that node first, or choose another data directory.`,
});

/** A directory or a file that this user may not change. */
const readOnly = (path: string): OpenError => ({
  type: "read-only",
  message: `${path} cannot be written by this user. Make it writable or choose another data directory.`,
});

/** `code` is one of SQLite's or of the operating system's; `holder` is asked only when another process has the log. */
export function openErrorOf(code: string, file: string, holder: () => number | undefined): OpenError {
  // At this point SQLite has looked for its own first bytes and found something else.
  if (code === "SQLITE_NOTADB") return notALog(file);
  const type = code.startsWith("SQLITE_") ? failureOf(code) : failureOfSystem(code);
  switch (type) {
    case "read-only":
      return readOnly(file);
    case "corrupt":
      return corrupt(file, code);
    case "disk-full":
      return { type, message: `The disk that holds ${file} is full. Free some space and start the node again.` };
    case "in-use":
      return inUse(file, holder());
    case "disk-io":
      return { type, message: `${file} could not be opened (${code}). Check the disk and the path.` };
  }
}

function failureOfSystem(code: string): "read-only" | "disk-full" | "disk-io" {
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "read-only";
  return code === "ENOSPC" || code === "EDQUOT" ? "disk-full" : "disk-io";
}
