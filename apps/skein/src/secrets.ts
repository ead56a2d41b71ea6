/**
 * Secrets of chat accounts: read from where `node.yaml` says that they are, and, when one is not there, what to do about it.
 */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";

import type { AccountConfig, SecretSource } from "@skein/config";
import { didYouMean } from "@skein/core";
import type { Logger } from "@skein/node";

import { reasonOf } from "./failure.ts";

/** Undefined when there is none; whoever asked says which one is missing. */
export function secretOf(source: SecretSource | undefined, directory: string, log: Logger): string | undefined {
  if (source === undefined) return undefined;
  if ("env" in source) return process.env[source.env];
  const path = fileOf(source.file, directory);
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    log("error", "secret.unreadable", { file: path, message: reasonOf(cause) });
    return undefined;
  }
}

/** What to do about a secret that is not there: each reason wants something else. */
export function whyNoSecret(name: string, secrets: AccountConfig["secrets"], directory: string): string {
  const source = secrets[name];
  if (source === undefined) {
    const meant = didYouMean(name, Object.keys(secrets));
    const misspelled = meant === undefined ? "" : ` There is ${meant}; is that misspelled?`;
    return `Name an environment variable or a file for ${name} under secrets.${misspelled}`;
  }
  if ("env" in source) {
    return `The environment variable ${source.env} is not set for this node: set it and start the node again, or name a file.`;
  }
  return `The file ${fileOf(source.file, directory)} is empty or cannot be read.`;
}

const fileOf = (file: string, directory: string): string => (isAbsolute(file) ? file : join(directory, file));
