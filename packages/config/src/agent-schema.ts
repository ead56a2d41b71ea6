/**
 * How an agent is written in `skein.yaml`: the one that codes, the one that resolves conflicts, and the one that reviews. Each is a
 * program or a preset's name; the one that reviews may be a bare list of words, too, and never codes.
 */
import { assert } from "@skein/core";
import * as z from "zod";
import { argv, environmentNames, mapLike, shown } from "./field-kinds.ts";
import { ACP_PRESETS, COMMAND_PRESETS } from "./presets.ts";
import type { AgentConfig, Argv, ReviewerConfig } from "./project-config.ts";

const run = argv("The agent's command: the program and its arguments, executed without a shell.").optional();
const preset = (presets: ReadonlyMap<string, Argv>): z.ZodOptional<z.ZodEnum<Readonly<Record<string, string>>>> => {
  const names = [...presets.keys()];
  return z
    .enum(Object.fromEntries(names.map((name) => [name, name])), {
      error: ({ input }) =>
        `must be one of ${names.join(", ")}, not ${shown(input)}; any other agent is written as run`,
    })
    .optional()
    .meta({ description: "A common agent by its name, instead of its command." });
};
const PERMISSIONS = ["ask", "allow", "deny"] as const;
const permissions = z.enum(PERMISSIONS).default("ask").meta({
  description:
    "What becomes of the agent's requests for permission: ask puts each to people, allow and deny answer it at once.",
});

interface Command {
  readonly run?: Argv | undefined;
  readonly preset?: string | undefined;
}

/** A command is written out, or it is a preset's. */
function hasOneCommand(context: z.core.ParsePayload<Command>): void {
  const { run: written, preset: name } = context.value;
  if ((written === undefined) !== (name === undefined)) return;
  const message =
    name === undefined
      ? "is missing; write the command as a list of words, for example [node, agent.mjs]"
      : "does not go with preset, which is a command too; keep one of the two";
  context.issues.push({ code: "custom", path: ["run"], message, input: written });
}

const env = environmentNames(
  "Names of environment variables of the node that are passed to the agent. Names only, never values.",
).default([]);
const commandKind = z.literal("command").meta({ description: "A plain command." });
const scriptedKind = z.literal("scripted").meta({ description: "Built in; needs no key and no network." });
const acpKind = z.literal("acp").meta({ description: "An agent that speaks the Agent Client Protocol." });

const written = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({ kind: commandKind, run, preset: preset(COMMAND_PRESETS), env }).check(hasOneCommand),
    z.strictObject({ kind: scriptedKind, env }),
    z.strictObject({ kind: acpKind, run, preset: preset(ACP_PRESETS), permissions, env }).check(hasOneCommand),
  ],
  { error: mapLike("{ kind: scripted }") },
);

export const agent = written
  .prefault({ kind: "scripted" })
  .meta({ description: "What does the work: a plain command, the built-in scripted agent, or an ACP agent." });

export const resolver = written.optional().meta({
  description: "The agent that goes on with a branch which conflicts with the target branch; written like agent.",
});

const reviewerProgram = argv("A reviewer's command, executed without a shell in a checkout of the merged tree.");
const reviewerKind = z
  .literal("acp", { error: ({ input }) => `must be acp, not ${shown(input)}; a command is written as a list of words` })
  .meta({ description: "An agent that speaks the Agent Client Protocol." });
const reviewerAgent = z
  .strictObject(
    { kind: reviewerKind, run, preset: preset(ACP_PRESETS), env },
    { error: mapLike("{ kind: acp, run: [agent] }") },
  )
  .check(hasOneCommand)
  .meta({ description: "An ACP agent that reviews." });

export const reviewer = z
  .union([reviewerProgram, reviewerAgent], {
    error: "must be a command as a list of words, for example [node, reviewer.mjs], or an agent of kind: acp",
  })
  .optional()
  .meta({
    description:
      "The reviewer: a command, executed without a shell in a checkout of the merged tree, or an agent of the kind acp.",
  });

/** The keys and choices of agents, for "did you mean". */
export const AGENT_WORDS = {
  keys: ["kind", "run", "preset", "permissions", "env"],
  reviewerKeys: ["kind", "run", "preset", "env"],
  kinds: [commandKind.value, scriptedKind.value, acpKind.value],
  permissions: PERMISSIONS,
} as const;

export function toAgentConfig(agentWritten: z.output<typeof written>): AgentConfig {
  if (agentWritten.kind === "scripted") return agentWritten;
  return agentWritten.kind === "acp"
    ? withCommand(agentWritten, ACP_PRESETS)
    : withCommand(agentWritten, COMMAND_PRESETS);
}

export function toReviewerConfig(reviewerWritten: NonNullable<z.output<typeof reviewer>>): ReviewerConfig {
  return "kind" in reviewerWritten ? withCommand(reviewerWritten, ACP_PRESETS) : reviewerWritten;
}

function withCommand<T extends Command>(
  { run: argvWritten, preset: name, ...rest }: T,
  presets: ReadonlyMap<string, Argv>,
): Omit<T, "run" | "preset"> & { readonly run: Argv; readonly preset?: string } {
  const command = argvWritten ?? presets.get(name ?? "");
  assert(command !== undefined, "a command was written or is a preset's");
  return { ...rest, run: command, ...(name === undefined ? {} : { preset: name }) };
}
