/**
 * A branch that was finished and conflicts with the target branch, where the project names an agent for that (`merge.resolver`).
 *
 *     Qa or Merge: it conflicts ─► back to Coding, with the branch as `left` ─► the resolver, on that branch, told the conflict
 *                                                                            └─ cannot be had ─► the agent, from the beginning
 *
 * Whether it did, the gate and the merge say, as of every attempt; and like every attempt it counts against the caps.
 */
import type { AgentConfig } from "@skein/config";
import { conflictedWork, type Feature, type LiveItem } from "@skein/core";

import type { AttemptWorkspace, Oid } from "../ports.ts";
import { type AttemptContext, persistently } from "./attempt-context.ts";
import { gitInRoom } from "./room-git.ts";

/** Undefined when nothing conflicts, or nobody is there for it. */
export function resolverOf(context: AttemptContext, item: LiveItem): AgentConfig | undefined {
  return conflictedWork(item) === undefined ? undefined : context.project.config().merge.resolver;
}

/** The tip of the branch that conflicts; undefined when it cannot be had any more. */
export async function conflictedTip(context: AttemptContext, item: LiveItem): Promise<Oid | undefined> {
  const work: Feature | undefined = conflictedWork(item);
  if (work === undefined) return undefined;
  const { featureBranch, tip } = work;
  const fetched = await persistently(
    context,
    "Fetching the branch that conflicts",
    () => context.project.repository.fetchBranch(featureBranch, tip, context.signal),
    ["bad-object", "missing-branch"],
  );
  if (fetched.ok) return tip;
  if (!context.signal.aborted) {
    context.note(`The branch that conflicts cannot be had, so the attempt starts afresh: ${fetched.error.message}`);
  }
  return undefined;
}

const COMMITS_SHOWN = 30;
const PATHS_SHOWN = 100;
const LOG_BYTES = 8 * 1024;
const LOG_MS = 30_000;

/** What the resolver is told beside the story: where the two sides conflict, and what each of them did. */
export async function conflictTold(context: AttemptContext, workspace: AttemptWorkspace): Promise<string> {
  const { base, start, branch } = workspace;
  const target = context.project.project.base;
  const paths = await pathsOf(context, workspace);
  const [own, others] = [
    await commitsIn(context, workspace, `${base}..${start}`),
    await commitsIn(context, workspace, `${start}..${base}`),
  ];
  const where =
    paths.length === 0
      ? ["Git merges the two without a conflict now: look whether the result is right."]
      : ["They conflict in:", "", ...paths.slice(0, PATHS_SHOWN).map((path) => `    ${oneLine(path)}`)];
  return `
## What there is to do now: a conflict

The story above is done: its commits are on the branch ${branch}, which is checked out. Meanwhile ${target} has moved on, and the
two cannot be merged. Merge ${target} into this branch (\`git merge ${base}\`), resolve the conflict so that what both sides
wanted holds, and commit the merge. Do not do the story anew, and do not undo what ${target} has.

${where.join("\n")}

Commits of this branch:

${own}

Commits of ${target} that it does not have:

${others}
`;
}

/** As git sees it now: the target branch may have moved since the item was sent back. */
async function pathsOf(context: AttemptContext, { base, start: tip }: AttemptWorkspace): Promise<readonly string[]> {
  const inputs = { base, tip, message: "Does it still conflict?", atSeconds: 0 };
  const merged = await context.project.repository.merge(inputs, context.signal);
  return merged.ok && merged.value.type === "conflict" ? merged.value.paths : [];
}

async function commitsIn(context: AttemptContext, { directory }: AttemptWorkspace, range: string): Promise<string> {
  const args = ["log", "--no-color", `--max-count=${COMMITS_SHOWN}`, "--format=%h %s", range];
  const { end, text } = await gitInRoom(
    context,
    { cwd: directory, args, keepBytes: LOG_BYTES, wallMs: LOG_MS },
    context.signal,
  );
  const lines = end.type === "exited" && end.code === 0 ? text.trim().split("\n") : [];
  return lines.map((line) => `    ${oneLine(line)}`).join("\n");
}

const LINE_LONGEST = 200;

/** Names and subjects are anybody's words. */
const oneLine = (text: string): string =>
  text.replaceAll(/[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}]+/gu, " ").slice(0, LINE_LONGEST);
