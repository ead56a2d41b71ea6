/** Runs a TypeScript source file of this package as a process of its own, on a Node.js that cannot read TypeScript. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { onTestFinished } from "vitest";

export interface ChildProgram {
  start(args: readonly string[]): Child;
  remove(): void;
}

interface Child {
  readonly pid: number;
  /** The next line it says; undefined once it has said everything. */
  nextLine(): Promise<string | undefined>;
  /** SIGKILL; resolves when it is gone, with everything it had said and nobody had read. */
  kill(): Promise<readonly string[]>;
}

export async function bundleChildProgram(source: URL): Promise<ChildProgram> {
  // Inside the package, because the bundle still imports the native module from node_modules.
  const cache = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
  mkdirSync(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, "child-"));
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: [/^@skein\//], resolve: { conditions: ["@skein/source"] } },
    build: { ssr: fileURLToPath(source), outDir, rollupOptions: { output: { entryFileNames: "child.mjs" } } },
  });
  return {
    start: (args) => startChild([join(outDir, "child.mjs"), ...args]),
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  };
}

function startChild(argv: readonly string[]): Child {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // A test that fails in the middle must not leave it behind.
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string | undefined> => {
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  };
  return {
    pid: child.pid ?? 0,
    nextLine,
    kill: async () => {
      child.kill("SIGKILL");
      const rest: string[] = [];
      for (let line = await nextLine(); line !== undefined; line = await nextLine()) rest.push(line);
      await exited;
      return rest;
    },
  };
}
