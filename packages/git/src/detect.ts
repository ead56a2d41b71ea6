/**
 * What `skein init` has to know about a person's project: where its repository is, which branch to land on, and where
 * that branch lives. Only looks; writes nothing.
 */
import { mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve as absolute } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { GitError } from "@skein/node";
import { diskError, gitError, quoted } from "./git-error.ts";
import { createGit, type Git } from "./hardened-git.ts";
import { isBaseBranch } from "./names.ts";
import { parseRemote } from "./remote.ts";

export interface ProjectFacts {
  /** Absolute path of the working tree, or of the repository itself when it is bare. */
  readonly root: string;
  /** The target branch. */
  readonly base: string;
  /** A configured remote's name, or "." for the repository itself. */
  readonly remote: string;
  /** Where that remote is; absent for ".". */
  readonly remoteUrl?: string;
  /** Tracked files differ from the last commit. */
  readonly dirty: boolean;
}

/** Finds out about the project at a path, which may be a directory below its root. */
export async function inspectProject(
  path: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Result<ProjectFacts, GitError>> {
  return withGit(async (git) => {
    const place = await findRoot(git, path, signal);
    if (!place.ok) return place;
    const project: Project = { git, ...place.value };
    const branches = await listRefs(project, signal);
    if (!branches.ok) return branches;
    const remote = await chooseRemote(project, signal);
    if (!remote.ok) return remote;
    const base = await chooseBase(project, remote.value, branches.value, signal);
    if (!base.ok) return base;
    const dirty = await isDirty(project, signal);
    if (!dirty.ok) return dirty;
    const facts = { root: project.root, base: base.value, remote: remote.value, dirty: dirty.value };
    if (remote.value === ".") return ok(facts);
    const remoteUrl = await resolveWith(project, remote.value, signal);
    return remoteUrl.ok ? ok({ ...facts, remoteUrl: remoteUrl.value }) : remoteUrl;
  });
}

/** What `remote` in skein.yaml stands for, as `openRepository` wants it: a URL or an absolute path. */
export async function resolveRemote(
  root: string,
  remote: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Result<string, GitError>> {
  return withGit(async (git) => {
    const place = await findRoot(git, root, signal);
    return place.ok ? resolveWith({ git, ...place.value }, remote, signal) : place;
  });
}

interface Project {
  readonly git: Git;
  readonly root: string;
  readonly gitDir: string;
  readonly bare: boolean;
}

async function withGit<T>(use: (git: Git) => Promise<Result<T, GitError>>): Promise<Result<T, GitError>> {
  let emptyHome: string | undefined;
  try {
    emptyHome = await mkdtemp(join(tmpdir(), "skein-home-"));
    return await use(createGit({ emptyHome }));
  } catch (cause) {
    return err(diskError("look at the project", cause));
  } finally {
    // An empty directory that stays behind in the temporary directory harms nobody.
    if (emptyHome !== undefined) await rm(emptyHome, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function findRoot(git: Git, path: string, signal: AbortSignal): Promise<Result<Omit<Project, "git">, GitError>> {
  const start = await stat(path).catch(() => undefined);
  if (start?.isDirectory() !== true)
    return err(gitError("not-a-repository", `${quoted(path)} is not a directory. Name the directory of your project.`));
  const cwd = await realpath(path);
  const doing = `look for a git repository at ${quoted(cwd)}`;
  const tree = await git.run({ doing, cwd, args: ["rev-parse", "--show-toplevel", "--absolute-git-dir"] }, signal);
  if (!tree.ok) return tree;
  const [root, gitDir] = tree.value.stdout.toString("utf8").split("\n");
  if (tree.value.code === 0 && root !== undefined && gitDir !== undefined) return ok({ root, gitDir, bare: false });
  const bare = await git.run({ doing, gitDir: cwd, args: ["rev-parse", "--is-bare-repository"] }, signal);
  if (!bare.ok) return bare;
  if (bare.value.code === 0 && bare.value.stdout.toString("utf8").trim() === "true")
    return ok({ root: cwd, gitDir: cwd, bare: true });
  const foreign = /dubious ownership/u.test(tree.value.stderr);
  return err(
    gitError(
      "not-a-repository",
      foreign
        ? `The git repository at ${quoted(cwd)} belongs to another user. Run Skein as its owner.`
        : `${quoted(cwd)} is not in a git repository. Run \`git init\` there and commit something, or name another directory.`,
    ),
  );
}

/** Local and remote-tracking branches by full name. */
async function listRefs(
  { git, gitDir, root }: Project,
  signal: AbortSignal,
): Promise<Result<ReadonlySet<string>, GitError>> {
  const args = ["for-each-ref", "--format=%(refname)", "refs/heads/", "refs/remotes/"];
  const listed = await git.output({ doing: `list the branches of ${quoted(root)}`, gitDir, args }, signal);
  if (!listed.ok) return listed;
  const refs = new Set(listed.value.split("\n").filter((ref) => ref !== ""));
  if (refs.size > 0) return ok(refs);
  return err(
    gitError(
      "no-commits",
      `The repository at ${quoted(root)} has no commits yet. Commit something, then run this again.`,
    ),
  );
}

async function chooseRemote({ git, gitDir, root }: Project, signal: AbortSignal): Promise<Result<string, GitError>> {
  const listed = await git.output({ doing: `list the remotes of ${quoted(root)}`, gitDir, args: ["remote"] }, signal);
  if (!listed.ok) return listed;
  const names = listed.value.split("\n").filter((name) => isRemoteName(name));
  if (names.includes("origin")) return ok("origin");
  const [only] = names;
  return ok(only !== undefined && names.length === 1 ? only : ".");
}

async function chooseBase(
  project: Project,
  remote: string,
  refs: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Result<string, GitError>> {
  const prefix = remote === "." ? "refs/heads/" : `refs/remotes/${remote}/`;
  const remoteHead = remote === "." ? ok(undefined) : await symbolicRef(project, `${prefix}HEAD`, signal);
  if (!remoteHead.ok) return remoteHead;
  const head = await symbolicRef(project, "HEAD", signal);
  if (!head.ok) return head;
  const named = remoteHead.value?.startsWith(prefix) === true ? remoteHead.value.slice(prefix.length) : undefined;
  const usual = ["main", "master"].filter((name) => refs.has(`${prefix}${name}`) || refs.has(`refs/heads/${name}`));
  const current =
    head.value?.startsWith("refs/heads/") === true && refs.has(head.value) ? head.value.slice(11) : undefined;
  const base = [named, ...usual, current].find((name) => name !== undefined && isBaseBranch(name));
  if (base !== undefined) return ok(base);
  return err(
    gitError(
      "missing-branch",
      `No branch to land on was found in ${quoted(project.root)}: there is no main or master, and HEAD is not on a plain branch. ` +
        "Check out the target branch, then run this again.",
    ),
  );
}

async function symbolicRef(
  { git, gitDir }: Project,
  ref: string,
  signal: AbortSignal,
): Promise<Result<string | undefined, GitError>> {
  const asked = await git.run({ doing: `read ${ref}`, gitDir, args: ["symbolic-ref", "--quiet", ref] }, signal);
  if (!asked.ok) return asked;
  return ok(asked.value.code === 0 ? asked.value.stdout.toString("utf8").trim() : undefined);
}

/**
 * Nobody has said yet that this repository is to be trusted, and `git status` runs the filters that its configuration
 * names. So each is replaced by none; the names go through the environment, where none of their characters mean anything.
 */
async function withoutFilters(
  { git, gitDir, root }: Project,
  signal: AbortSignal,
): Promise<Result<Readonly<Record<string, string>>, GitError>> {
  const args = ["config", "--includes", "--null", "--name-only", "--get-regexp", "^filter\\."];
  const asked = await git.run({ doing: `read the configuration of ${quoted(root)}`, gitDir, args }, signal);
  if (!asked.ok) return asked;
  const keys = asked.value.stdout
    .toString("utf8")
    .split("\0")
    .filter((key) => key !== "");
  const drivers = [...new Set(keys.map((key) => key.slice(0, key.lastIndexOf("."))))];
  const settings = drivers.flatMap((driver) => [
    [`${driver}.clean`, ""],
    [`${driver}.smudge`, ""],
    [`${driver}.process`, ""],
    [`${driver}.required`, "false"],
  ]);
  return ok({
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key = "", value = ""], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  });
}

async function isDirty(project: Project, signal: AbortSignal): Promise<Result<boolean, GitError>> {
  const { git, gitDir, root, bare } = project;
  if (bare) return ok(false);
  const env = await withoutFilters(project, signal);
  if (!env.ok) return env;
  const args = ["status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all"];
  const status = await git.output(
    {
      doing: `see what has changed in ${quoted(root)}`,
      gitDir,
      workTree: root,
      cwd: root,
      args,
      // The person's own checkout has real links; without this each of them would look changed.
      config: ["core.symlinks=true"],
      env: env.value,
      maxOutputBytes: 64 * 1024 * 1024,
    },
    signal,
  );
  return status.ok ? ok(status.value !== "") : status;
}

async function resolveWith(project: Project, remote: string, signal: AbortSignal): Promise<Result<string, GitError>> {
  if (remote === ".") return ok(project.root);
  const configured = isRemoteName(remote) ? await configuredUrl(project, remote, signal) : ok(undefined);
  if (!configured.ok) return configured;
  const text = configured.value ?? remote;
  // A bare word that is no configured remote would silently become a path; a path has to look like one.
  const path = configured.value !== undefined || /^\.{0,2}\//u.test(text) || text === "..";
  const parsed = isAbsolute(text)
    ? ok(text)
    : looksRemote(text)
      ? ok(text)
      : path
        ? ok(absolute(project.root, text))
        : unknown(remote);
  if (!parsed.ok) return parsed;
  const checked = parseRemote(parsed.value);
  return checked.ok ? ok(checked.value.address) : checked;
}

/** git's own rule: a colon before the first slash makes it an address. */
const looksRemote = (text: string): boolean => /^[^/]*:/u.test(text);

function unknown(remote: string): Result<never, GitError> {
  return err(
    gitError(
      "git-failed",
      `The project has no remote called ${quoted(remote)}. Add it with \`git remote add\`, or set \`remote\` in skein.yaml to a URL or a path (./…).`,
    ),
  );
}

const isRemoteName = (text: string): boolean => /^[0-9A-Za-z_][0-9A-Za-z._/+-]{0,99}$/u.test(text);

async function configuredUrl(
  { git, gitDir }: Project,
  remote: string,
  signal: AbortSignal,
): Promise<Result<string | undefined, GitError>> {
  const args = ["config", "--local", "--get", `remote.${remote}.url`];
  const asked = await git.run({ doing: `read where ${remote} is`, gitDir, args }, signal);
  if (!asked.ok) return asked;
  return ok(asked.value.code === 0 ? asked.value.stdout.toString("utf8").replace(/\n$/u, "") : undefined);
}
