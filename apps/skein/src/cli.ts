/**
 * The command line: the registry's commands (registry-commands.ts) and the few that belong to this machine alone. Exit code
 * 0 after success, 1 after a failure, 2 after a line that could not be understood.
 */
import { Command, CommanderError } from "commander";

import { addBackupCommands } from "./cli/backup-commands.ts";
import { addDemoCommand } from "./cli/demo-command.ts";
import { addNodeCommands } from "./cli/node-commands.ts";
import { addRegistryCommands } from "./cli/registry-commands.ts";
import { addSimCommand } from "./cli/sim-command.ts";
import { addUiCommand } from "./cli/ui-command.ts";
import { addViewCommands } from "./cli/view-commands.ts";
import { Failure, reasonOf } from "./failure.ts";
import { printable } from "./log-output.ts";
import { VERSION } from "./version.ts";

/** The exit code of a line that could not be understood. */
const USAGE = 2;

export async function runCli(argv: readonly string[]): Promise<number> {
  const wantsJson = argv.includes("--json");
  const program = createProgram();
  try {
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (cause) {
    if (cause instanceof CommanderError) return exitCodeOf(cause, wantsJson);
    if (cause instanceof Failure) {
      complain(cause.message, wantsJson, cause.exitCode === USAGE ? "usage" : "failed");
      return cause.exitCode;
    }
    if (isSystemError(cause)) {
      complain(
        `The system refused: ${cause.message}. Check the disk and the permissions, and try again.`,
        wantsJson,
        "failed",
      );
      return 1;
    }
    // A fault of this program: say so, and where.
    process.stderr.write(
      `skein: unexpected fault: ${cause instanceof Error ? (cause.stack ?? cause.message) : reasonOf(cause)}\n`,
    );
    return 70;
  }
}

/** No room, an error of the disk, a missing permission: nobody's fault here, and a stack trace helps nobody. */
const isSystemError = (cause: unknown): cause is NodeJS.ErrnoException =>
  cause instanceof Error && "syscall" in cause && "code" in cause;

/** Commander has already printed its sentence; with --json a program wants to read it too. */
function exitCodeOf(cause: CommanderError, wantsJson: boolean): number {
  if (cause.exitCode === 0) return 0;
  if (wantsJson) process.stdout.write(`${JSON.stringify({ error: { code: "usage", message: cause.message } })}\n`);
  return USAGE;
}

function complain(message: string, wantsJson: boolean, code: "usage" | "failed"): void {
  if (wantsJson) process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
  process.stderr.write(`skein: ${message.split("\n").map(printable).join("\n")}\n`);
}

function createProgram(): Command {
  const program = new Command("skein")
    .description("A leaderless mesh that takes a story to a merged commit, on machines you own.")
    .version(VERSION, "-V, --version")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride()
    .enablePositionalOptions();
  addNodeCommands(program);
  addDemoCommand(program);
  addBackupCommands(program);
  addSimCommand(program);
  addUiCommand(program);
  addViewCommands(program);
  addRegistryCommands(program);
  for (const command of allCommands(program)) command.exitOverride();
  return program;
}

const allCommands = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(allCommands)];
