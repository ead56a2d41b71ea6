/**
 * Whether a room has the program that is to run in it. Told before the room is made: inside, a missing program could not
 * be told from one that failed.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";

import { err, ok, type Result } from "@skein/core";

import type { Command } from "./driver.ts";
import { isShown, type Layout } from "./layout.ts";

/** The path it is found at, or one sentence. */
export function findProgram({ argv, cwd, env }: Command, layout: Layout): Result<string, string> {
  const [name] = argv;
  const shown = JSON.stringify(name);
  const places = name.includes("/") ? [resolve(cwd, name)] : searched(env["PATH"]).map((place) => join(place, name));
  const outside = places.filter(isProgram);
  const inside = outside.find((path) => isShown(layout, path) && isShown(layout, realpathSync(path)));
  if (inside !== undefined) return ok(inside);
  const [hidden] = outside;
  return err(
    hidden === undefined
      ? `Could not start ${shown}: there is no such program. Install it, or correct its name or the PATH.`
      : `Could not start ${shown}: ${hidden} is not in the sandbox. Name its directory under sandbox.read in node.yaml.`,
  );
}

const searched = (path: string | undefined): readonly string[] =>
  (path ?? "/usr/bin:/bin").split(":").filter(isAbsolute);

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
