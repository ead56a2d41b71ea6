/** A small real repository to work on: a bare remote and a person's clone of it, with pinned identity and configuration. */
import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { testEnvironment } from "./skein-command.ts";

const execute = promisify(execFile);

export interface Project {
  /** The bare repository that items land on. */
  readonly remote: string;
  /** A person's clone of it, on main. */
  readonly clone: string;
  /** Runs git in the clone as its person. Give `cwd` for another place. */
  git(args: readonly string[], cwd?: string): Promise<string>;
  /** Commits files (path → text) and pushes main. */
  push(files: Readonly<Record<string, string>>, message: string): Promise<string>;
  /** Makes a hook of the bare remote. */
  hook(name: "pre-receive" | "post-receive" | "update", script: string): Promise<void>;
  /** First-parent commits of the remote's main, newest first. */
  landed(): Promise<readonly LandedCommit[]>;
  /** Every value that the remote's main ever had, newest first: it shows a landing that was overwritten too. */
  moves(): Promise<readonly string[]>;
  /** Branch names on the remote. */
  branches(): Promise<readonly string[]>;
}

export interface LandedCommit {
  readonly commit: string;
  readonly subject: string;
  /** Item ids in `Skein-Item` trailers. */
  readonly items: readonly string[];
}

export interface ProjectOptions {
  readonly directory: string;
  readonly home: string;
  /** Files beside skein.yaml. */
  readonly files?: Readonly<Record<string, string>>;
  /** Lines of skein.yaml that differ from the usual ones, by key. */
  readonly config?: Readonly<Record<string, string>>;
}

const CONFIG: Readonly<Record<string, string>> = {
  project: "demo",
  base: "main",
  remote: "origin",
  agent: "{ kind: scripted }",
  gate: "[[node, check.mjs]]",
  sandbox: "none",
  claim: "{ ttl: 2s, stagger: 100ms }",
  retries: "{ noProgress: 3, total: 8 }",
};

const FILES: Readonly<Record<string, string>> = {
  "README.md": "# Demo\n",
  "check.mjs":
    'import { readFileSync } from "node:fs";\nif (readFileSync("README.md", "utf8") === "") process.exit(1);\n',
};

const IDENTITY = {
  GIT_AUTHOR_NAME: "Alice",
  GIT_AUTHOR_EMAIL: "alice@example.com",
  GIT_COMMITTER_NAME: "Alice",
  GIT_COMMITTER_EMAIL: "alice@example.com",
  GIT_CONFIG_COUNT: "3",
  GIT_CONFIG_KEY_0: "init.defaultBranch",
  GIT_CONFIG_VALUE_0: "main",
  GIT_CONFIG_KEY_1: "commit.gpgSign",
  GIT_CONFIG_VALUE_1: "false",
  GIT_CONFIG_KEY_2: "protocol.file.allow",
  GIT_CONFIG_VALUE_2: "always",
};

export const skeinYaml = (config: Readonly<Record<string, string>> = {}): string =>
  Object.entries({ ...CONFIG, ...config })
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");

export async function createProject(options: ProjectOptions): Promise<Project> {
  const { directory, home } = options;
  const remote = join(directory, "remote.git");
  const clone = join(directory, "clone");
  await mkdir(directory, { recursive: true });
  const git = async (args: readonly string[], cwd = clone): Promise<string> => {
    const { stdout } = await execute("git", [...args], {
      cwd,
      env: testEnvironment(home, IDENTITY),
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trimEnd();
  };
  await git(["init", "--quiet", "--bare", "--initial-branch=main", remote], directory);
  await git(["config", "core.logAllRefUpdates", "always"], remote);
  await git(["clone", "--quiet", remote, clone], directory);
  const push = async (files: Readonly<Record<string, string>>, message: string): Promise<string> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(clone, path)), { recursive: true });
      await writeFile(join(clone, path), text);
    }
    await git(["add", "--all"]);
    await git(["commit", "--quiet", "-m", message]);
    await git(["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    return git(["rev-parse", "HEAD"]);
  };
  await push({ ...FILES, ...options.files, "skein.yaml": skeinYaml(options.config) }, "First commit");
  return {
    remote,
    clone,
    git,
    push,
    hook: async (name, script) => {
      const file = join(remote, "hooks", name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
    },
    landed: async () => {
      const format = "--format=%H%x00%s%x00%(trailers:key=Skein-Item,valueonly,separator=%x2C)";
      const log = await git(["log", "--first-parent", format, "main"], remote);
      return log.split("\n").map(readLanded);
    },
    moves: async () => {
      const log = await git(["reflog", "show", "--format=%H", "refs/heads/main"], remote);
      return log.split("\n");
    },
    branches: async () => {
      const names = await git(["for-each-ref", "--format=%(refname:short)", "refs/heads"], remote);
      return names.split("\n");
    },
  };
}

function readLanded(line: string): LandedCommit {
  const [commit = "", subject = "", items = ""] = line.split("\0");
  return { commit, subject, items: items === "" ? [] : items.split(",").map((item) => item.trim()) };
}

/** The one commit on the target branch that carries the item's trailer; throws when there is none or more than one. */
export async function landingOf(project: Project, item: string): Promise<LandedCommit> {
  const found = (await project.landed()).filter((one) => one.items.includes(item));
  const [commit] = found;
  if (commit === undefined || found.length > 1) {
    throw new Error(`${found.length} first-parent commits of main carry the trailer of ${item}; it must be one.`);
  }
  return commit;
}
