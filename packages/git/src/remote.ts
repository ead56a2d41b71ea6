/**
 * Where the target branch lives. A remote is https, ssh or a directory on this machine: these are the only transports a
 * command is ever allowed to use, and each command is allowed exactly the one of its remote.
 */
import { fileURLToPath } from "node:url";
import { isAbsolute } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { GitError } from "@skein/node";
import { gitError, oneLine, withoutCredentials } from "./git-error.ts";

export type Protocol = "https" | "ssh" | "file";

export interface Remote {
  readonly protocol: Protocol;
  /** What git is given. */
  readonly address: string;
  /** The address as a person may see it, without credentials. */
  readonly shown: string;
  /** Parts of the address that must never be printed. */
  readonly secrets: readonly string[];
}

const SCP_LIKE = /^(?:[0-9A-Za-z][0-9A-Za-z._+-]*@)?[0-9A-Za-z][0-9A-Za-z.-]*:(?!:|\/\/)[^\s]+$/u;
const HOST = /^(?:[0-9A-Za-z][0-9A-Za-z.-]*|\[[0-9A-Fa-f:.]+\])$/u;

/** Checks a resolved remote: an absolute path, `https://`, `ssh://`, `file:///` or `user@host:path`. */
export function parseRemote(text: string): Result<Remote, GitError> {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) || text === "") return err(unusable(text));
  if (isAbsolute(text)) return ok(directory(text));
  if (/^[a-z][a-z0-9+.-]*:\/\//iu.test(text)) return parseAddress(text);
  return SCP_LIKE.test(text)
    ? ok({ protocol: "ssh", address: text, shown: oneLine(text), secrets: [] })
    : err(unusable(text));
}

function directory(path: string): Remote {
  return { protocol: "file", address: path, shown: oneLine(path), secrets: [] };
}

function parseAddress(text: string): Result<Remote, GitError> {
  let url: URL;
  try {
    url = new URL(text);
    if (url.protocol === "file:") return ok(directory(fileURLToPath(url)));
  } catch {
    return err(unusable(text));
  }
  const protocol = url.protocol === "https:" ? "https" : url.protocol === "ssh:" ? "ssh" : undefined;
  if (protocol === undefined || !HOST.test(url.hostname)) return err(unusable(text));
  const secrets = protocol === "https" ? [url.username, url.password] : [url.password];
  return ok({
    protocol,
    address: text,
    shown: oneLine(withoutCredentials(text)),
    secrets: secrets.flatMap((secret) => [secret, decoded(secret)]).filter((secret) => secret.length >= 6),
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function unusable(text: string): GitError {
  const shown = oneLine(withoutCredentials(text), 120);
  return gitError(
    "git-failed",
    `"${shown}" cannot be used as a remote: Skein lands over https, over ssh or into a directory on this machine. ` +
      "Set `remote` in skein.yaml to one of these.",
  );
}
