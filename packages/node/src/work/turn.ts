/**
 * A turn of an agent that is talked to: what it is told, the session it may go on with, and what became of it.
 *
 * The next attempt of an item on this node goes on in the agent's session where the agent can, and hears what became of the
 * attempt before; anywhere else, and with any other agent, it starts afresh with the same notes in its story.
 */
import type { AgentConfig } from "@skein/config";

import type { ProcessSpec, TurnSpec, Usage } from "../ports.ts";
import { type AttemptContext, describeEnd, type WorkDeps } from "./attempt-context.ts";

/** How the agent ended, for people; `not-started` is this machine's trouble and none of the item's. */
export type AgentEnd =
  | { readonly type: "ended"; readonly words: string; readonly usage?: Usage }
  | { readonly type: "rate-limited"; readonly why: string; readonly until?: number; readonly usage?: Usage }
  | { readonly type: "not-started"; readonly why: string };

/** What of an attempt a turn needs. */
export interface TurnContext extends Pick<AttemptContext, "item" | "epoch" | "signal" | "note"> {
  readonly deps: Pick<WorkDeps, "talking" | "capture">;
}

export interface TurnRequest {
  readonly permissions: TurnSpec["permissions"];
  readonly story: string;
  /** What became of the attempt before; empty when there was none. */
  readonly note: string;
  /** What was done before is in the working directory. */
  readonly goesOn: boolean;
  readonly ask: TurnSpec["ask"];
  readonly onUsage: TurnSpec["onUsage"];
}

export async function runTurn(
  context: TurnContext,
  spec: Omit<ProcessSpec, "stdin" | "talk" | "onOutput">,
  { permissions, story, note, goesOn, ask, onUsage }: TurnRequest,
): Promise<AgentEnd> {
  const { deps, item, epoch } = context;
  const { talking } = deps;
  if (talking === undefined) return { type: "not-started", why: "This node cannot talk to agents." };
  const earlier = talking.sessions.get(item, spec.argv);
  const log = deps.capture({ item, epoch });
  const talk = talking.agents.run(
    {
      process: { ...spec, onOutput: (chunk) => log.write(chunk) },
      prompt: { fresh: story, again: goOn(story, note, goesOn) },
      earlier,
      permissions,
      ask,
      onUsage,
      onSession: (session) => {
        const kept = talking.sessions.put(item, spec.argv, session);
        if (!kept.ok) context.note(kept.error);
      },
    },
    context.signal,
  );
  const { end, process, usage } = await talk.finally(() => log.end());
  noteUsage(context, usage);
  onUsage(usage);
  if (end.type === "ended" || end.type === "rate-limited") return { ...end, usage };
  // What kept the process from running explains what became of the conversation, too.
  if (process.end.type === "not-started" || process.end.type === "no-room") {
    return { type: "not-started", why: process.end.message };
  }
  if (end.type === "not-started") return end;
  const isEarly = process.end.type === "exited" || process.end.type === "signalled";
  return { type: "ended", words: `${describeEnd(process)}${isEarly ? " in the middle of its turn" : ""}`, usage };
}

/** A real agent has to be told what counts; a plain command was written by somebody who knows. */
export function withHowTo(agent: AgentConfig, story: string, branch: string): string {
  if (agent.kind !== "acp" && (agent.kind !== "command" || agent.preset === undefined)) return story;
  return `${story}
## How to work here

The working directory is a fresh clone, on the branch ${branch}. Do what the story above asks for, and commit it on this
branch: only commits count, and files that are not committed are lost. Do not push, and do not change skein.yaml.
`;
}

const FRESH = "You are in a fresh clone of the target branch now: what you did then is not in it, and";
const KEPT = "What was done until then is in the working directory and on its branch: go on from there. Look first:";

function goOn(story: string, note: string, goesOn: boolean): string {
  const became = note === "" ? "It was cut off before its end." : note;
  return `You have worked on this story before, in this conversation. That attempt has not landed. ${became}

${goesOn ? KEPT : FRESH} files you know may have changed.
The story, as it stands now:

${story}`;
}

function noteUsage(context: TurnContext, { model, inputTokens, outputTokens, costUsd }: Usage): void {
  const parts = [
    ...(inputTokens === undefined ? [] : [`${inputTokens} tokens in`]),
    ...(outputTokens === undefined ? [] : [`${outputTokens} tokens out`]),
    ...(costUsd === undefined ? [] : [`${costUsd.toFixed(4)} USD`]),
  ];
  if (parts.length === 0) return;
  context.note(`The agent tells what it used: ${parts.join(", ")}${model === undefined ? "" : `, with ${model}`}.`);
}
