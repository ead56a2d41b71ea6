/** Git by argument vector in the working directory, with hooks and signing off: nothing but git itself runs. */
import { spawn } from "node:child_process";
import { err, ok, type Result } from "@skein/core";
import { cleanLine } from "./line.ts";

/** Resolves with standard output, or with what git said on standard error. */
export type Git = (args: readonly string[], stdin?: string) => Promise<Result<string, string>>;

const SETTINGS = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false"];

export function createGit(directory: string, env: Readonly<Record<string, string | undefined>>): Git {
  return (args, stdin = "") =>
    new Promise((resolve) => {
      const child = spawn("git", [...SETTINGS, ...args], {
        cwd: directory,
        env: { ...env, GIT_TERMINAL_PROMPT: "0" },
        stdio: ["pipe", "pipe", "pipe"],
      });
      const out: Uint8Array[] = [];
      const said: Uint8Array[] = [];
      child.stdout.on("data", (chunk: Uint8Array) => out.push(chunk));
      child.stderr.on("data", (chunk: Uint8Array) => said.push(chunk));
      child.once("error", (cause) => resolve(err(`Could not run git: ${cause.message}. Install git.`)));
      child.once("close", (code) => {
        const text = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString("utf8");
        resolve(code === 0 ? ok(text(out)) : err(text(said).trim() || `git ended with ${code}.`));
      });
      // Git need not read its input to the end; its exit code says whether that was right.
      child.stdin.on("error", () => {});
      child.stdin.end(stdin);
    });
}

/** Commits everything that differs from HEAD. Nothing to commit is not a failure. */
export async function commitAll(
  git: Git,
  message: string,
  print: (line: string) => void,
  options: { readonly quietWhenClean?: boolean } = {},
): Promise<Result<void, string>> {
  const added = await git(["add", "--all"]);
  if (!added.ok) return failed("add", added.error);
  const status = await git(["status", "--porcelain"]);
  if (!status.ok) return failed("status", status.error);
  if (status.value === "") {
    if (options.quietWhenClean !== true) print("nothing to commit");
    return ok(undefined);
  }
  print(`commit ${message}`);
  const committed = await git(["commit", "--quiet", "--cleanup=whitespace", "-m", message]);
  return committed.ok ? ok(undefined) : failed("commit", committed.error);
}

function failed(command: string, said: string): Result<never, string> {
  return err(`git ${command} failed: ${cleanLine(said)}`);
}
