/** Commands that follow or show: board, logs, kept files. */
import { writeFileSync } from "node:fs";

import { type BoardAttempt, createTerminalFilter, shownOutput } from "@skein/core";
import type { Json } from "@skein/node";
import type { Command } from "commander";

import { type Client, connect } from "../client.ts";
import { Failure, reasonOf } from "../failure.ts";
import {
  type CommonOptions,
  dataDirectoryOf,
  dataOption,
  dataWords,
  jsonOption,
  quoted,
  wholeNumber,
} from "./options.ts";
import { present } from "./present.ts";

/** Beside every link that signs in. With `data` it was named, and has to be named again; so has the node with `at`. */
export function linkWords({ data, at }: CommonOptions & { readonly at?: string }): string {
  const where = `${at === undefined ? "" : ` --at ${quoted(at)}`}${dataWords(data)}`;
  return `The link works once, within two minutes; \`skein ui${where}\` prints another one.`;
}

export function addViewCommands(program: Command): void {
  program
    .command("board")
    .description("Show the board, and where to open it in a browser")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (flags: CommonOptions) => withClient(flags, (client) => showBoard(client, flags)));
  program
    .command("logs")
    .description("Show what an item's attempts printed, wherever they ran")
    .argument("<item>", "item id, or the beginning of one")
    .option("-f, --follow", "go on until the attempt ends")
    .option("--epoch <n>", "only the attempt of this epoch", wholeNumber)
    .addOption(dataOption())
    .action(async (item: string, flags: CommonOptions & { follow?: boolean; epoch?: number }) =>
      withClient(flags, (client) => showLogs(client, item, flags.epoch, flags.follow === true)),
    );
  program
    .command("artifact")
    .description("What is kept of attempts")
    .command("get")
    .description("Print a kept file, or save it; what does not have its digest is refused")
    .argument("<digest>", "its digest, or the beginning of it, as `skein artifacts` lists it")
    .option("-o, --output <file>", "where to save it; a file that is there is not touched")
    .addOption(dataOption())
    .action(async (digest: string, flags: CommonOptions & { output?: string }) =>
      withClient(flags, (client) => getArtifact(client, digest, flags.output)),
    );
}

async function getArtifact(client: Client, digest: string, output: string | undefined): Promise<void> {
  const read = await client.readArtifact(digest);
  if (!read.ok) throw new Failure(read.error.message);
  if (output !== undefined) {
    try {
      writeFileSync(output, read.value, { flag: "wx", mode: 0o600 });
    } catch (cause) {
      throw new Failure(`${output} cannot be written: ${reasonOf(cause)}.`);
    }
    return;
  }
  // A terminal gets what is harmless, and everything else the very bytes.
  const shown = process.stdout.isTTY ? shownOutput(read.value, true).text : read.value;
  await new Promise<void>((resolve) => process.stdout.write(shown, () => resolve()));
}

async function withClient(flags: CommonOptions, use: (client: Client) => Promise<void>): Promise<void> {
  const client = await connect(dataDirectoryOf(flags));
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

async function showBoard(client: Client, flags: CommonOptions): Promise<void> {
  const result = await client.command("item.list", { all: true });
  if (!result.ok) throw new Failure(result.error.message);
  const link = client.isRunning ? await client.login("owner") : undefined;
  const url = link?.ok === true ? link.value : undefined;
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ url: url ?? null, items: result.value })}\n`);
    return;
  }
  process.stdout.write(present("item.list", result.value));
  const where = url === undefined ? "Run `skein up` to see it live in a browser." : `Live: ${url}\n${linkWords(flags)}`;
  process.stdout.write(`\n${where}\n`);
}

const FOLLOW_MS = 300;

/** Shows every attempt's log; with `follow` also those that come, for as long as the item is under way. */
async function showLogs(client: Client, item: string, epoch: number | undefined, follow: boolean): Promise<void> {
  let shown = 0;
  for (;;) {
    const { attempts, underWay } = await attemptsOf(client, item);
    const wanted = attempts.filter((attempt) => epoch === undefined || attempt.epoch === epoch);
    const goesOn = follow && underWay && epoch === undefined;
    if (wanted.length === 0 && !goesOn) {
      const which = epoch === undefined ? "an attempt yet" : `an attempt of epoch ${epoch}`;
      throw new Failure(`Item ${item} does not have ${which}. \`skein why ${item}\` says where it is.`);
    }
    for (const [index, attempt] of wanted.entries()) {
      if (index < shown) continue;
      process.stdout.write(`── epoch ${attempt.epoch} on ${attempt.nodeName}: ${attempt.outcome} ──\n`);
      const problem = await copyLog(client, item, attempt.epoch, follow && index === wanted.length - 1);
      if (problem !== undefined && wanted.length === 1 && !goesOn) throw new Failure(problem);
      if (problem !== undefined) process.stdout.write(`(${problem})\n`);
    }
    shown = wanted.length;
    if (!goesOn) return;
    await pause();
  }
}

interface ShownAttempts {
  readonly attempts: readonly BoardAttempt[];
  /** There may be more of them. */
  readonly underWay: boolean;
}

async function attemptsOf(client: Client, item: string): Promise<ShownAttempts> {
  const answer = await client.command("item.show", { item });
  if (!answer.ok) throw new Failure(answer.error.message);
  // The node's own answer, shaped by view/queries.ts.
  const { attemptLog, stage } = answer.value as Json & { attemptLog: readonly BoardAttempt[]; stage: string };
  return { attempts: attemptLog, underWay: ["Coding", "Qa", "Merge"].includes(stage) };
}

/**
 * Copies a log to standard output; returns why it could not be read. While the attempt runs, and this node does not reach the one
 * that runs it, following waits and goes on where it was.
 */
async function copyLog(client: Client, item: string, epoch: number, follow: boolean): Promise<string | undefined> {
  const filter = createTerminalFilter({ colors: process.stdout.isTTY && process.env["NO_COLOR"] === undefined });
  let isWaiting = false;
  try {
    for (let offset = 0; ;) {
      const chunk = await client.readLog(item, epoch, offset);
      if (!chunk.ok) {
        const { code, message } = chunk.error;
        if (!follow || code !== "unavailable" || !(await isRunning(client, item, epoch))) return message;
        if (!isWaiting) process.stderr.write(`(${message} Waiting for it.)\n`);
        isWaiting = true;
        await pause();
        continue;
      }
      isWaiting = false;
      process.stdout.write(filter.write(chunk.value.text));
      const moved = chunk.value.nextOffset > offset;
      offset = chunk.value.nextOffset;
      if (chunk.value.ended || (!moved && !follow)) return undefined;
      if (!moved) await pause();
    }
  } finally {
    process.stdout.write(filter.end());
  }
}

async function isRunning(client: Client, item: string, epoch: number): Promise<boolean> {
  const { attempts } = await attemptsOf(client, item);
  return attempts.some((attempt) => attempt.epoch === epoch && attempt.outcome === "running");
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
