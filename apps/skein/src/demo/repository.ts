/**
 * The repository of the demo, and of whoever practises: a small JavaScript library with real tests, in a bare repository as remote and a clone of it.
 * Git runs with a pinned identity and without anybody's configuration, so that it works the same on every machine.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import type { SandboxKind } from "@skein/config";

import { Failure } from "../failure.ts";
import { environmentWithout } from "./environment.ts";
import type { Place } from "./place.ts";

export const BASE = "main";

/** `config` is the text of its skein.yaml. */
export async function makeRepository(
  place: Pick<Place, "project" | "remote">,
  config: string,
  signal: AbortSignal,
): Promise<void> {
  for (const [path, content] of Object.entries({ ...FILES, "skein.yaml": config })) {
    const file = join(place.project, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const git = (...args: readonly string[]): Promise<string> => runGit(["-C", place.project, ...args], signal);
  await runGit(["init", "--quiet", "--bare", `--initial-branch=${BASE}`, place.remote], signal);
  await git("init", "--quiet", `--initial-branch=${BASE}`);
  await git("remote", "add", "origin", place.remote);
  await git("add", "--all");
  await git("commit", "--quiet", "--no-verify", "--message", "Begin: greetings, money and slugs, with tests");
  await git("push", "--quiet", "--set-upstream", "origin", BASE);
}

export interface LandedCommit {
  readonly hash: string;
  readonly subject: string;
  readonly trailers: readonly string[];
}

/** The target branch as the remote has it, newest first, along the first parents. */
export async function readLandings(place: Place, signal: AbortSignal): Promise<readonly LandedCommit[]> {
  const format = "--format=%h%x1f%s%x1f%(trailers:only,unfold)%x1e";
  const output = await runGit(["--git-dir", place.remote, "log", "--first-parent", format, BASE], signal);
  return parseLog(output);
}

export function parseLog(output: string): readonly LandedCommit[] {
  return output
    .split("\u001e")
    .map((record) => record.trim().split("\u001f"))
    .filter(([hash]) => hash !== "")
    .map(([hash = "", subject = "", trailers = ""]) => ({
      hash,
      subject,
      trailers: trailers.split("\n").filter((line) => line !== ""),
    }));
}

const SETTINGS: readonly string[] = [
  "user.name=Skein demo",
  "user.email=demo@skein.invalid",
  "commit.gpgSign=false",
  "core.hooksPath=/dev/null",
  "core.autocrlf=false",
];

async function runGit(args: readonly string[], signal: AbortSignal): Promise<string> {
  const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
  const env = {
    ...environmentWithout(process.env),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
  };
  try {
    const { stdout } = await promisify(execFile)("git", [...settings, ...args], { env, signal });
    return stdout;
  } catch (cause) {
    if (signal.aborted && signal.reason instanceof Failure) throw signal.reason;
    throw new Failure(describeGitFailure(args, cause));
  }
}

function describeGitFailure(args: readonly string[], cause: unknown): string {
  const { code, stderr } = cause as { readonly code?: unknown; readonly stderr?: unknown };
  if (code === "ENOENT") return "This needs git, and there is none on the PATH. Install git 2.39.4 or later.";
  const said = typeof stderr === "string" ? (stderr.trim().split("\n").at(-1) ?? "") : "";
  const verb = args.find((arg) => /^(init|remote|add|commit|push|log)$/.test(arg)) ?? "command";
  return `The repository could not be made: git ${verb} failed${said === "" ? "" : `: ${said}`}.`;
}

/** A short lease, so that a take-over can be watched; everything else is what any project would write. */
export const demoConfig = (sandbox: SandboxKind): string => `# How Skein works on this repository.
project: pocket
base: ${BASE}
remote: origin
agent: { kind: scripted }
gate: [[node, --test]]
# What agents and gate commands are shut in. The demo's agent only does what its stories say; real agents need it.
sandbox: ${sandbox}
claim: { ttl: 3s, stagger: 300ms }
`;

const FILES: Readonly<Record<string, string>> = {
  "README.md": "# pocket\n\nA small library for a small demo. `node --test` runs its tests.\n",
  "package.json": `${JSON.stringify({ name: "pocket", version: "1.0.0", private: true, type: "module", scripts: { test: "node --test" } }, null, 2)}\n`,
  "src/greet.mjs": `/** Says hello. */
export function greet(name) {
  return "Hello, " + name + "!";
}
`,
  "src/money.mjs": `/** Cents as people write them: 1250 is €12.50. */
export function formatCents(cents) {
  return "€" + (cents / 100).toFixed(2);
}
`,
  "src/slug.mjs": `/** A title as the last part of an address. */
export function slug(title) {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}
`,
  "test/greet.test.mjs": `import assert from "node:assert/strict";
import { test } from "node:test";
import { greet } from "../src/greet.mjs";

test("greets by name", () => {
  assert.equal(greet("Ada"), "Hello, Ada!");
});
`,
  "test/money.test.mjs": `import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCents } from "../src/money.mjs";

test("shows euros and cents", () => {
  assert.equal(formatCents(1250), "€12.50");
  assert.equal(formatCents(5), "€0.05");
});
`,
  "test/slug.test.mjs": `import assert from "node:assert/strict";
import { test } from "node:test";
import { slug } from "../src/slug.mjs";

test("makes lower-case words with dashes", () => {
  assert.equal(slug("Hello, World!"), "hello-world");
});
`,
};
