/** Acts out the steps of a script, one after another, in the working directory. The first failure ends the script. */
import { spawn } from "node:child_process";
import { appendFile, lstat, mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { err, ok, unreachable, type Result } from "@skein/core";
import { askQuestion } from "./ask.ts";
import { cleanLine } from "./line.ts";
import { checkPath, type Step } from "./step.ts";

export interface StepWorld {
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (line: string) => void;
  readonly commit: (message: string) => Promise<Result<void, string>>;
}

export type StepsEnd = { readonly type: "finished" } | { readonly type: "exit"; readonly code: number };

type Done = Promise<Result<void, string>>;

export async function runSteps(steps: readonly Step[], world: StepWorld): Promise<Result<StepsEnd, string>> {
  for (const step of steps) {
    if (step.type === "exit") {
      world.print(`exit ${step.code}`);
      return ok({ type: "exit", code: step.code });
    }
    const done = await act(step, world);
    if (!done.ok) return done;
  }
  return ok({ type: "finished" });
}

async function act(step: Exclude<Step, { type: "exit" }>, world: StepWorld): Done {
  switch (step.type) {
    case "write":
    case "append":
    case "replace":
    case "delete":
      world.print(`${step.type} ${step.path}`);
      return changeFile(step, world.directory);
    case "run":
      world.print(cleanLine(`run ${step.argv.join(" ")}`));
      return runCommand(step.argv, world);
    case "print":
      world.print(step.text);
      return ok(undefined);
    case "sleep":
      world.print(`sleep ${step.ms}ms`);
      await delay(step.ms);
      return ok(undefined);
    case "ask":
      world.print(cleanLine(`ask ${step.name}: ${step.text}`));
      return askAndKeep(step, world);
    case "commit":
      return world.commit(step.message);
    case "hang":
      world.print("hang");
      return hang();
    default:
      return unreachable(step);
  }
}

/** The answer goes to a file of the working directory, as any other change does. */
async function askAndKeep(step: Extract<Step, { type: "ask" }>, world: StepWorld): Done {
  const answered = await askQuestion(step, world.env["SKEIN_ASK"]);
  if (!answered.ok) return answered;
  world.print(cleanLine(`answered ${step.name}: ${answered.value}`));
  if (step.to === undefined) return ok(undefined);
  return changeFile({ type: "write", path: step.to, content: `${answered.value}\n` }, world.directory);
}

type FileStep = Extract<Step, { path: string }>;

async function changeFile(step: FileStep, directory: string): Done {
  try {
    const file = await placeOf(step.path, directory);
    if (!file.ok) return file;
    return await changeAt(file.value, step);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return err(`Could not ${step.type} ${JSON.stringify(step.path)}: ${cleanLine(reason)}.`);
  }
}

async function changeAt(file: string, step: FileStep): Done {
  switch (step.type) {
    case "write":
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, step.content);
      return ok(undefined);
    case "append":
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, step.content);
      return ok(undefined);
    case "replace": {
      const content = await readFile(file, "utf8");
      if (!content.includes(step.find)) {
        return err(`Could not replace in ${JSON.stringify(step.path)}: it does not contain ${quote(step.find)}.`);
      }
      await writeFile(
        file,
        content.replaceAll(step.find, () => step.with),
      );
      return ok(undefined);
    }
    case "delete":
      await rm(file, { recursive: true });
      return ok(undefined);
    default:
      return unreachable(step);
  }
}

/**
 * The absolute place of a path, after following what exists of it: a symbolic link in the repository must not lead a
 * write out of the working directory or into `.git`.
 */
async function placeOf(path: string, directory: string): Promise<Result<string, string>> {
  const checked = checkPath(path);
  if (!checked.ok) return checked;
  const root = await realpath(directory);
  let existing = join(root, path);
  while (!(await exists(existing))) existing = dirname(existing);
  const inside = relative(root, await realpath(existing));
  const place = inside === "" ? ok(inside) : checkPath(inside.split(sep).join("/"));
  return place.ok ? ok(join(root, path)) : err(`Could not use ${quote(path)}: a symbolic link in it leads elsewhere.`);
}

/** A dangling link counts as there: following it must fail instead of creating its target. */
async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The command writes straight to the agent's own output, where it is captured like everything else. */
function runCommand([program, ...args]: readonly [string, ...string[]], world: StepWorld): Done {
  const failure = (what: string): Result<never, string> => err(`The command ${quote(program)} ${what}.`);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: world.directory,
      env: { ...world.env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", (cause) => resolve(failure(`could not be started: ${cause.message}`)));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve(ok(undefined));
      else resolve(failure(signal === null ? `ended with ${code}` : `was ended by ${signal}`));
    });
  });
}

/** The timer keeps the process alive; a promise alone would not. */
function hang(): Promise<never> {
  return new Promise(() => {
    setInterval(() => {}, 60_000);
  });
}

function quote(text: string): string {
  return JSON.stringify(cleanLine(text));
}
