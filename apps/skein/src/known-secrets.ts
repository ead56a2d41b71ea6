/**
 * The secrets that this machine trusts its node with: its key and its token, what `node.yaml` names, and variables of its
 * environment that are called like secrets or handed to agents. Read again before every run, since files change.
 */
import { readFileSync } from "node:fs";

import { isSecretKey, type NodeConfig } from "@skein/config";
import type { Secrets } from "@skein/node";

import type { DataDirectory } from "./data-directory.ts";
import { keyFile, nextKeyFile } from "./key-files.ts";
import { parseKey } from "./key-text.ts";
import { readNodeFile } from "./node-file.ts";
import { secretOf } from "./secrets.ts";

export function addOwnSecrets(secrets: Secrets, { path, token }: Pick<DataDirectory, "path" | "token">): void {
  const keys = [keyFile(path), nextKeyFile(path)].flatMap(keyForms);
  const named = Object.keys(process.env).filter(isSecretKey);
  const config = readNodeFile(path);
  secrets.add([token, ...keys, ...secretValuesOf(named), ...(config.ok ? valuesIn(config.value, path) : [])]);
}

/** The values of these variables of the node's own environment. */
export const secretValuesOf = (names: readonly string[]): readonly string[] =>
  names.filter((name) => !PLAIN.has(name)).flatMap((name) => process.env[name] ?? []);

/** Every child has these, whether a configuration names them or not; and PWD is where a shell is, and no password. */
const PLAIN: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "TZ",
  "TMPDIR",
  "TERM",
  "PWD",
]);

function keyForms(file: string): readonly string[] {
  try {
    const text = readFileSync(file, "utf8");
    const seed = parseKey(text);
    return seed === undefined ? [] : [Buffer.from(seed).toString("hex"), Buffer.from(seed).toString("base64")];
  } catch {
    // A key that is being replaced, or none that waits: `skein up` says what is wrong with a key file.
    return [];
  }
}

const valuesIn = ({ transports, interpreter }: NodeConfig, directory: string): readonly string[] => [
  // A file that cannot be read is the account's trouble, and told there.
  ...transports.flatMap(({ secrets }) =>
    Object.values(secrets).flatMap((source) => secretOf(source, directory, () => undefined) ?? []),
  ),
  ...secretValuesOf(interpreter?.env ?? []),
];
