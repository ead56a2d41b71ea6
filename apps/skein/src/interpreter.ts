/**
 * The interpreter of `node.yaml`: a command that reads facts as JSON on standard input and prints `{"say": "start #a1b2c3"}` as
 * its last line. It runs like an agent, without the node's secrets; what it says is data, and is only ever asked about.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Interpret } from "@skein/chat";
import type { InterpreterConfig } from "@skein/config";
import { err, ok, type Result } from "@skein/core";
import { childEnvironment, createProcesses } from "@skein/process";
import { z } from "zod";

import { ownerOf } from "./compose.ts";

const OUTPUT_BYTES = 64 * 1024;
const SAID_LENGTH = 2_000;

const answer = z.object({ say: z.string().max(SAID_LENGTH) });

export function createInterpreter(directory: string, { run, timeoutMs, env }: InterpreterConfig): Interpret {
  const processes = createProcesses({ owner: ownerOf(directory) });
  // Not the data directory itself, which holds the node's key.
  const cwd = join(directory, "interpreter");
  mkdirSync(cwd, { recursive: true, mode: 0o700 });
  return async (facts) => {
    let output = "";
    const decoder = new TextDecoder();
    const result = await processes.run(
      {
        argv: run,
        cwd,
        env: childEnvironment({ own: process.env, purpose: "agent", passNames: env, skein: {} }),
        stdin: `${JSON.stringify(facts)}\n`,
        limits: { wallMs: timeoutMs, idleMs: timeoutMs, outputBytes: OUTPUT_BYTES },
        onOutput: (chunk) => {
          output += decoder.decode(chunk, { stream: true });
        },
      },
      new AbortController().signal,
    );
    if (result.end.type !== "exited" || result.end.code !== 0) {
      return err("I could not find out what you mean: the interpreter failed. Say help for what I know.");
    }
    return lineOf(output);
  };
}

function lineOf(output: string): Result<string, string> {
  const last = output.trim().split("\n").at(-1) ?? "";
  try {
    const read = answer.safeParse(JSON.parse(last));
    if (read.success && read.data.say.trim() !== "") return ok(read.data.say);
  } catch {
    // Not JSON: the same as an answer of another form.
  }
  return err("I did not understand that. Say help for what I know. I did nothing.");
}
