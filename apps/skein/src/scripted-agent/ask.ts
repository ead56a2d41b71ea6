/** Asks what a story tells it to ask, as any agent does: a file in $SKEIN_ASK, and then waiting for the file beside it. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { err, ok, type Result } from "@skein/core";
import { cleanLine } from "./line.ts";
import type { Step } from "./step.ts";

const LOOK_MS = 100;

export async function askQuestion(
  { name, text, options }: Extract<Step, { type: "ask" }>,
  directory: string | undefined,
): Promise<Result<string, string>> {
  if (directory === undefined) return err("SKEIN_ASK is not set, so there is nobody to ask.");
  try {
    const place = join(directory, name);
    if ((await contentOf(`${place}.json`)) !== undefined) {
      return err(`${name} was asked already in this attempt. Give the question a name of its own.`);
    }
    await writeFile(`${place}.part`, JSON.stringify({ text, options }), { flag: "wx" });
    await rename(`${place}.part`, `${place}.json`);
    for (;;) {
      const answer = await contentOf(`${place}.answer`);
      if (answer !== undefined) return ok(answer);
      const problem = await contentOf(`${place}.error`);
      if (problem !== undefined) return err(`There is no answer to ${name}: ${cleanLine(problem)}`);
      await delay(LOOK_MS);
    }
  } catch (cause) {
    return err(`Could not ask ${name}: ${cause instanceof Error ? cause.message : String(cause)}.`);
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}
