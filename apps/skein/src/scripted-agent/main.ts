#!/usr/bin/env node
/**
 * The scripted agent: stands in for a coding agent, with no key and no network, so that the whole way from a story to a
 * merge can be run, tested and shown anywhere.
 *
 * It reads the story from standard input (or from $SKEIN_STORY_FILE) and works in its current directory, a git clone.
 * The story is prose with fenced blocks in it; only blocks marked `skein` or `diff` are acted on, from top to bottom:
 *
 *     ```skein                      a YAML list of steps, each a map with one key
 *     - write: { path: src/a.js, content: "…" }          creates or overwrites a file
 *     - append: { path: src/a.js, content: "…" }
 *     - replace: { path: src/a.js, find: "…", with: "…" } every occurrence; none is an error
 *     - delete: src/a.js
 *     - run: [npm, test]                                 argv without a shell; a failure ends the script
 *     - print: text
 *     - sleep: 500ms                                     or 2s
 *     - ask: { text: "…", options: [a, b], to: path }    waits for a person's answer; no answer ends the script
 *     - commit: message                                  everything that changed
 *     - exit: 3                                          ends at once with this code, commits nothing more
 *     - hang: true                                       never ends, never prints
 *     ```
 *
 *     ```diff                       a unified diff, applied with `git apply` and committed
 *
 * A word after the language picks the attempts a block is for: `attempt=1` the first only, `attempt=2+` from the second
 * on. A story without any such block becomes `stories/<item>.md`. What is left uncommitted at the end is committed with
 * the first line of the story as message. docs/scripted-agent.md has an example.
 *
 * The exit code is 0, what `exit` says, or 1 with one sentence on standard error.
 */
import { readFile } from "node:fs/promises";
import { runScriptedAgent } from "./agent.ts";

async function readStory(): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (!process.stdin.isTTY) for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  const story = Buffer.concat(chunks).toString("utf8");
  const file = process.env["SKEIN_STORY_FILE"];
  return story === "" && file !== undefined ? readFile(file, "utf8") : story;
}

const ended = await runScriptedAgent({
  readStory,
  directory: process.cwd(),
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
});
if (ended.message !== "") process.stderr.write(`scripted agent: ${ended.message}\n`);
process.exitCode = ended.code;
