/** The scripted agent from the story to the exit code; main.ts binds it to the process, tests call it directly. */
import { assert, err, ok, type Result } from "@skein/core";
import { commitAll, createGit, type Git } from "./git.ts";
import { cleanLine, titleOf } from "./line.ts";
import { parseScript, type Block } from "./script.ts";
import { runSteps, type StepWorld } from "./steps.ts";

export interface AgentWorld {
  readonly readStory: () => Promise<string>;
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
}

/** The exit code, with one sentence when something went wrong. */
export interface AgentEnd {
  readonly code: number;
  readonly message: string;
}

interface Work {
  readonly story: string;
  readonly title: string;
  readonly item: string;
  readonly steps: StepWorld;
  readonly git: Git;
}

const ITEM = /^[0-9a-z]{1,32}$/;
const ATTEMPT = /^[1-9]\d{0,8}$/;

export async function runScriptedAgent(world: AgentWorld): Promise<AgentEnd> {
  const done = await work(world);
  return done.ok ? { code: done.value, message: "" } : { code: 1, message: done.error };
}

async function work(world: AgentWorld): Promise<Result<number, string>> {
  const names = readNames(world.env);
  if (!names.ok) return names;
  const { item, attempt } = names.value;
  world.print(`reading the story of ${item}, attempt ${attempt}`);
  const story = await readStory(world);
  if (!story.ok) return story;
  const script = parseScript(story.value, attempt);
  if (!script.ok) return script;

  const git = createGit(world.directory, world.env);
  const { directory, env, print } = world;
  const job: Work = {
    story: story.value,
    title: titleOf(story.value) || `Work on ${item}`,
    item,
    steps: { directory, env, print, commit: (message) => commitAll(git, message, print) },
    git,
  };
  if (!script.value.hasBlocks) return writeStory(job);
  if (script.value.blocks.length === 0) world.print(`no block of the story is for attempt ${attempt}`);
  return runBlocks(script.value.blocks, job);
}

async function readStory(world: AgentWorld): Promise<Result<string, string>> {
  try {
    const story = await world.readStory();
    if (story.trim() !== "") return ok(story);
    return err("There is no story: standard input was empty. Write one to standard input or name its file.");
  } catch (cause) {
    return err(`Could not read the story: ${cause instanceof Error ? cause.message : String(cause)}.`);
  }
}

function readNames(env: AgentWorld["env"]): Result<{ readonly item: string; readonly attempt: number }, string> {
  const item = env["SKEIN_ITEM"] ?? "";
  const attempt = env["SKEIN_ATTEMPT"] ?? "1";
  if (!ITEM.test(item)) return err(`SKEIN_ITEM is ${JSON.stringify(item)}: set it to an item id (0-9, a-z).`);
  if (!ATTEMPT.test(attempt)) return err(`SKEIN_ATTEMPT is ${JSON.stringify(attempt)}: set it to 1, 2, 3 and so on.`);
  return ok({ item, attempt: Number(attempt) });
}

async function runBlocks(blocks: readonly Block[], job: Work): Promise<Result<number, string>> {
  for (const block of blocks) {
    const ran = block.type === "steps" ? await runSteps(block.steps, job.steps) : await applyDiff(block, job);
    if (!ran.ok) return ran;
    if (ran.value.type === "exit") return ok(ran.value.code);
  }
  const committed = await commitAll(job.git, job.title, job.steps.print, { quietWhenClean: true });
  return committed.ok ? ok(0) : committed;
}

async function applyDiff(
  block: Extract<Block, { type: "diff" }>,
  job: Work,
): Promise<Result<{ readonly type: "finished" }, string>> {
  job.steps.print("apply a diff");
  // `git apply` itself refuses paths outside the directory, behind symbolic links and in `.git`.
  const applied = await job.git(["apply", "--whitespace=nowarn", "-"], block.patch);
  if (!applied.ok) return err(`The diff block at line ${block.line} does not apply: ${cleanLine(applied.error)}`);
  const committed = await commitAll(job.git, job.title, job.steps.print);
  return committed.ok ? ok({ type: "finished" }) : committed;
}

/** A story without a script is a change too: its text becomes a file. */
async function writeStory(job: Work): Promise<Result<number, string>> {
  const path = `stories/${job.item}.md`;
  const content = job.story.endsWith("\n") ? job.story : `${job.story}\n`;
  const written = await runSteps([{ type: "write", path, content }], job.steps);
  if (!written.ok) return written;
  assert(written.value.type === "finished", "a write does not exit");
  const committed = await commitAll(job.git, job.title, job.steps.print);
  return committed.ok ? ok(0) : committed;
}
