/** `node.yaml` in a data directory, as it is now. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { NO_NODE_CONFIG, type NodeConfig, parseNodeConfig } from "@skein/config";
import { err, ok, type Result } from "@skein/core";

import { reasonOf } from "./failure.ts";

export const NODE_FILE = "node.yaml";

/** What it says; the defaults where there is none. */
export function readNodeFile(directory: string): Result<NodeConfig, string> {
  const path = join(directory, NODE_FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const isAbsent = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    return isAbsent ? ok(NO_NODE_CONFIG) : err(`${path} cannot be read: ${reasonOf(cause)}.`);
  }
  const parsed = parseNodeConfig(text, NODE_FILE);
  return parsed.ok ? parsed : err(parsed.error.message);
}
