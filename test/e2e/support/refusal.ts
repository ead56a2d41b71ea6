/** A refusal as a person must see it: one clear sentence, an exit code that says so, and nothing changed on the disk. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

import type { CommandResult } from "../../support/skein-command.ts";

export interface Expected {
  readonly code: number;
  /** What the sentence must say: what happened, and what to do. */
  readonly says: readonly (string | RegExp)[];
}

export function expectRefusal(result: Pick<CommandResult, "code" | "stdout" | "stderr">, expected: Expected): void {
  for (const part of expected.says) {
    if (typeof part === "string") expect(result.stderr).toContain(part);
    else expect(result.stderr).toMatch(part);
  }
  expect(result.code, result.stderr).toBe(expected.code);
  expectNoFault(result.stderr);
  expect(result.stdout).toBe("");
}

/** No stack trace, no dump of a program's inside, nothing that is not for a person. */
function expectNoFault(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at .+[:(]/m);
  expect(stderr).not.toMatch(/unexpected fault|UnhandledPromise|node:internal|\[object Object\]|undefined/);
  expect(stderr.length).toBeLessThan(1_500);
}

/** Every path below, with what it holds. Two of these are equal when nothing was written in between. */
export function snapshot(directory: string): ReadonlyMap<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted();
  return new Map(names.map((name) => [name, contentOf(join(directory, name))]));
}

function contentOf(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  if (!stat.isFile()) return "directory";
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
