/** Unchecked input in, a typed command out. Nothing is decided here. */
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
    const message = issue.message.endsWith("received undefined") ? "is missing" : issue.message;
    return where === "" ? message : `${where}: ${message}`;
  });
  return err({ code: "bad-input", message: `${spec.words.join(" ")}: ${problems.join("; ")}` });
}
