/**
 * `identity.json`: which mesh this directory's node belongs to, and its name, outside the log. It is read only when the log
 * cannot say it any more: without it a node that lost its log would not know whom to ask for it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { fromHex, toHex } from "@skein/core";

import { writeWholeFile } from "./whole-file.ts";

export interface Identity {
  readonly mesh: Uint8Array;
  readonly name: string;
}

const pathIn = (directory: string): string => join(directory, "identity.json");

/** Undefined when there is none that can be read. */
export function readIdentity(directory: string): Identity | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(pathIn(directory), "utf8"));
    if (typeof parsed !== "object" || parsed === null || !("mesh" in parsed) || !("name" in parsed)) return undefined;
    const { mesh: hex, name } = parsed;
    const mesh = typeof hex === "string" ? fromHex(hex) : undefined;
    return mesh?.length === 32 && typeof name === "string" ? { mesh, name } : undefined;
  } catch {
    // Missing, or damaged too; the log's own word is asked first anyway.
    return undefined;
  }
}

export function keepIdentity(directory: string, { mesh, name }: Identity): void {
  const known = readIdentity(directory);
  if (known !== undefined && known.name === name && toHex(known.mesh) === toHex(mesh)) return;
  writeWholeFile(pathIn(directory), `${JSON.stringify({ mesh: toHex(mesh), name })}\n`, 0o600);
}
