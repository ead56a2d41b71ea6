/**
 * Repositories for the tests of this package: a remote, somebody's clone of it, and nodes that use it. Everything is real
 * git in a temporary directory that goes away after the test.
 */
import { randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Result } from "@skein/core";
import type { GitError, Repository } from "@skein/node";
import { createGit } from "../hardened-git.ts";
import { openRepository, type RepositoryOptions } from "../repository.ts";

export const never: AbortSignal = new AbortController().signal;

export interface Fixture {
  readonly directory: string;
  /** A bare repository with one commit on main. */
  readonly remote: string;
  /** Runs git as a person would, in a directory; throws when it fails. */
  git(cwd: string, ...args: readonly string[]): Promise<string>;
  gitWith(cwd: string, stdin: string, ...args: readonly string[]): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Commits files (path → text) in a clone and returns the commit. */
  commit(clone: string, files: Readonly<Record<string, string>>, message?: string): Promise<string>;
  /** A person's clone of the remote, on main. */
  clone(name: string): Promise<string>;
  /** A node's repository with a directory of its own. */
  node(name: string, options?: Partial<RepositoryOptions>): Promise<Repository>;
  executable(path: string, script: string): Promise<void>;
  remove(): Promise<void>;
}

export async function createFixture(): Promise<Fixture> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "skein-git-")));
  const home = join(directory, "home");
  await mkdir(home);
  const runner = createGit({ emptyHome: home });
  const gitWith = async (cwd: string, stdin: string, ...args: readonly string[]): Promise<string> =>
    valueOf(
      await runner.output(
        {
          doing: `run git ${args.join(" ")}`,
          cwd,
          stdin,
          args,
          protocol: "file",
          config: ["user.name=Alice", "user.email=alice@example.com", "core.symlinks=true", "safe.bareRepository=all"],
        },
        never,
      ),
    ).trimEnd();
  const git = (cwd: string, ...args: readonly string[]): Promise<string> => gitWith(cwd, "", ...args);
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  const commit: Fixture["commit"] = async (clone, files, message = "Change something") => {
    for (const [path, text] of Object.entries(files)) await write(join(clone, path), text);
    await git(clone, "add", "--all");
    await gitWith(clone, message, "commit", "--quiet", "--allow-empty", "-F", "-");
    return git(clone, "rev-parse", "HEAD");
  };

  const remote = join(directory, "remote.git");
  await git(directory, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", remote);
  const seed = join(directory, "seed");
  await git(directory, "clone", "--quiet", remote, seed);
  await commit(seed, { "README.md": "hello\n" }, "First commit");
  await git(seed, "push", "--quiet", "origin", "HEAD:refs/heads/main");

  return {
    directory,
    remote,
    git,
    gitWith,
    write,
    commit,
    clone: async (name) => {
      const path = join(directory, name);
      await git(directory, "clone", "--quiet", "--branch=main", remote, path);
      return path;
    },
    node: async (name, options = {}) =>
      valueOf(
        await openRepository({ directory: join(directory, "nodes", name), remote, base: "main", ...options }, never),
      ),
    executable: async (path, script) => {
      await write(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The value of a result that has to be one. */
export function valueOf<T>(result: Result<T, GitError>): T {
  if (!result.ok) throw new Error(`${result.error.type}: ${result.error.message}`);
  return result.value;
}

/** The error of a result that has to be one. */
export function errorOf<T>(result: Result<T, GitError>): GitError {
  if (result.ok) throw new Error(`expected an error, got ${JSON.stringify(result.value)}`);
  return result.error;
}

/** An attempt that commits these files, collected by the node. */
export async function attempt(
  fixture: Fixture,
  node: Repository,
  files: Readonly<Record<string, string>>,
  item: string = randomUUID().slice(0, 8),
): Promise<{ readonly item: string; readonly base: string; readonly branch: string; readonly tip: string }> {
  const base = valueOf(await node.fetchBase(never));
  const workspace = valueOf(await node.openAttempt({ item, epoch: 1, base }, never));
  await fixture.commit(workspace.directory, files, `Work on ${item}`);
  const { tip } = valueOf(await node.collectAttempt(workspace, never));
  return { item, base, branch: workspace.branch, tip };
}
