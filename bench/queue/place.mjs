// A repository to land in, and what everything that is measured in it shares: the same first commit, the same agent, the
// same surroundings. The agent writes one file and commits it; nothing of its own takes time.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { scratch } from "../processes.mjs";

const AGENT = `set -e
mkdir -p work
echo "made by an agent" > "work/$SKEIN_ITEM.txt"
git add --all
git commit --quiet -m "Work on $SKEIN_ITEM"
`;

const PERSON = {
  GIT_AUTHOR_NAME: "Person",
  GIT_AUTHOR_EMAIL: "person@example.com",
  GIT_COMMITTER_NAME: "Person",
  GIT_COMMITTER_EMAIL: "person@example.com",
};

/** What is not said here is as it is by default. `batch` is undefined for the default. */
const skeinYaml = (batch) =>
  [
    "project: bench",
    "base: main",
    "remote: origin",
    "agent: { kind: command, run: [sh, agent.sh] }",
    'gate: [["true"]]',
    "sandbox: none",
    ...(batch === undefined ? [] : [`merge: { batch: ${batch} }`]),
    "",
  ].join("\n");

/** A directory for one measurement; what is still there at the end of the process goes then. */
export const openDirectory = () => realpathSync(mkdtempSync(join(scratch, "queue-")));

/** Everything of one measurement is in a directory of its own, and goes with `remove`. */
export function createPlace({ batch } = {}) {
  const root = openDirectory();
  const [home, remote, clone] = [join(root, "home"), join(root, "remote.git"), join(root, "clone")];
  mkdirSync(home);
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    LANG: "C.UTF-8",
    NO_COLOR: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    ...PERSON,
  };
  const run = (program, args, { cwd = clone, more = {} } = {}) =>
    execFileSync(program, args, { cwd, env: { ...env, ...more }, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const git = (args, cwd) => run("git", args, { cwd });
  git(["init", "--quiet", "--bare", "--initial-branch=main", remote], root);
  git(["clone", "--quiet", remote, clone], root);
  git(["symbolic-ref", "HEAD", "refs/heads/main"]);
  writeFileSync(join(clone, "README.md"), "# Bench\n");
  writeFileSync(join(clone, "agent.sh"), AGENT);
  writeFileSync(join(clone, "skein.yaml"), skeinYaml(batch));
  git(["add", "--all"]);
  git(["commit", "--quiet", "-m", "First commit"]);
  git(["push", "--quiet", "origin", "main"]);
  return { root, clone, remote, env, run, git, remove: () => rmSync(root, { recursive: true, force: true }) };
}

const TICK_MS = 10;

/** Processor time of a process and of all its children that have ended, ms. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
}
