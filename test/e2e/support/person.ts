/** A person at a terminal of a machine of their own: a home, a directory to stand in, and `skein` typed word by word. */
import { spawn } from "node:child_process";

import { skeinBin } from "../../support/build-check.ts";
import { type CommandResult, runSkein, testEnvironment } from "../../support/skein-command.ts";
import { waitFor } from "../../support/wait.ts";
import type { World } from "../../support/world.ts";

export interface Person {
  readonly home: string;
  /** A command line as the documentation prints it, without a shell: `npx skein item add "Say hello"`. */
  types(line: string): Promise<CommandResult>;
  /** The same for a command that goes on until it is told to stop. */
  runs(line: string): Running;
}

interface Running {
  readonly pid: number;
  output(): string;
  /** The first match in what it printed so far, waiting for it. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C; resolves with the exit code. */
  interrupt(): Promise<number | null>;
}

export function createPerson(world: World, name: string, cwd: string): Person {
  const home = world.directory(`home-of-${name}`);
  return {
    home,
    types: (line) => runSkein(wordsOf(line), { cwd, home }),
    runs: (line) => {
      const running = run(wordsOf(line), cwd, home);
      world.atEnd(async () => {
        await running.interrupt();
      });
      return running;
    },
  };
}

function run(args: readonly string[], cwd: string, home: string): Running {
  const child = spawn(process.execPath, [skeinBin(), ...args], {
    cwd,
    env: testEnvironment(home),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => resolve(code));
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    prints: (pattern) =>
      waitFor(`skein ${args.join(" ")} to print ${String(pattern)}`, () => pattern.exec(output) ?? undefined).catch(
        (cause: unknown) => {
          throw new Error(`${String(cause)}\n${output}`, { cause });
        },
      ),
    interrupt: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

/** Words as a shell would make them of a line with plain words and double quotes, without `npx skein` and a comment. */
function wordsOf(line: string): readonly string[] {
  const words = [...line.replace(/ +#.*$/, "").matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
  if (words[0] !== "npx" || words[1] !== "skein") throw new Error(`"${line}" does not begin with npx skein`);
  return words.slice(2);
}
