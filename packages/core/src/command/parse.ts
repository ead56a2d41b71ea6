/** Unchecked input in, a typed command out. Nothing is decided here. */
import type { z } from "zod";

import { err, ok, type Result } from "../kernel/result.ts";
import type { CommandError } from "./error.ts";
import { type CommandInput, type CommandName, COMMANDS, commandSpec, type CommandSpec } from "./registry.ts";

export type Command = {
  readonly [N in CommandName]: { readonly name: N; readonly input: CommandInput<N> };
}[CommandName];

export interface ParsedCommand {
  readonly spec: CommandSpec;
  readonly command: Command;
}

export function parseCommand(name: string, input: unknown): Result<ParsedCommand, CommandError> {
  const spec = commandSpec(name);
  if (spec === undefined) {
    const names = COMMANDS.map((command) => command.name).join(", ");
    return err({
      code: "unknown-command",
      message: `There is no command "${name.slice(0, 60)}". There are: ${names}.`,
    });
  }
  const parsed = spec.input.safeParse(input ?? {});
  if (parsed.success) {
    // The schema belongs to this name in the registry.
    return ok({ spec, command: { name: spec.name, input: parsed.data } as Command });
  }
  const problems = parsed.error.issues.map((issue) => {
    const where = issue.path.map(String).join(".");
    return where === "" ? wordsOf(issue) : `${where}: ${wordsOf(issue)}`;
  });
  return err({ code: "bad-input", message: `${spec.words.join(" ")}: ${problems.join("; ")}` });
}

/** The library's words for what people get wrong most are not for people. */
function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.message.endsWith("received undefined")) return "is missing";
  if (issue.code === "too_small" && issue.origin === "string") return "may not be empty";
  if (issue.code === "too_big" && issue.origin === "string") return `has more than ${issue.maximum} characters`;
  return issue.message;
}
