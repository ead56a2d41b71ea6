/**
 * The repository everybody lands in: bare, with a branch for each item, and hooks that cut some pushes off: behind the
 * moment at which the branch has moved, before anybody is told, or before that moment.
 */
import { execFile, execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** `GIT_*` of whoever starts this has no say. */
const environment = (home, more = {}) => ({
  PATH: process.env.PATH,
  HOME: home,
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Person",
  GIT_AUTHOR_EMAIL: "person@example.com",
  GIT_COMMITTER_NAME: "Person",
  GIT_COMMITTER_EMAIL: "person@example.com",
  ...more,
});

/** receive-pack is the hook's parent; a child of its own would not know it. */
const cutOff = (directory, dropPercent) => `#!/bin/sh
[ -n "$SOAK_PERSON" ] && exit 0
[ "$1" = committed ] || [ "$1" = prepared ] || exit 0
while read -r old new ref; do
  if [ "$ref" = refs/heads/main ]; then
    drawn=$(od -An -N2 -tu2 /dev/urandom)
    if [ "$1" = committed ] && [ "$drawn" -lt ${Math.floor((65_536 * dropPercent) / 100)} ]; then
      echo "$new" >> '${directory}/cut-after'
      kill -KILL $PPID
    fi
    if [ "$1" = prepared ] && [ "$drawn" -lt ${Math.floor((65_536 * dropPercent) / 200)} ]; then
      echo "$new" >> '${directory}/cut-before'
      # Asked to, so that it takes its locks along: a lock that stays is for people to remove.
      kill -TERM $PPID
      exit 1
    fi
  fi
done
exit 0
`;

export function createProject({ directory, items: count, dropPercent }) {
  const [home, remote, person] = [join(directory, "home"), join(directory, "remote.git"), join(directory, "person")];
  mkdirSync(home);
  const env = environment(home);
  const git = (args, options = {}) =>
    execFileSync("git", args, { cwd: directory, env, encoding: "utf8", maxBuffer: 1 << 28, stdio: "pipe", ...options });
  git(["init", "--quiet", "--bare", "--template=", "--initial-branch=main", remote]);
  const items = Array.from({ length: count }, (_, at) => `item${at.toString(36).padStart(6, "0")}`);
  git(["fast-import", "--quiet"], { cwd: remote, input: history(items) });
  const tips = git(["for-each-ref", "--format=%(refname:lstrip=3) %(objectname)", "refs/heads/skein/"], {
    cwd: remote,
  });
  const tipOf = new Map(
    tips
      .trim()
      .split("\n")
      .map((line) => [line.split("/")[0], line.split(" ")[1]]),
  );
  const first = git(["rev-parse", "main"], { cwd: remote }).trim();
  git(["config", "core.logAllRefUpdates", "always"], { cwd: remote });
  git(["config", "gc.auto", "0"], { cwd: remote });
  mkdirSync(join(remote, "hooks"));
  writeFileSync(join(remote, "hooks", "reference-transaction"), cutOff(directory, dropPercent));
  chmodSync(join(remote, "hooks", "reference-transaction"), 0o755);
  git(["clone", "--quiet", "--no-tags", "--single-branch", "--branch=main", remote, person]);

  const itemsFile = join(directory, "items.json");
  writeFileSync(
    itemsFile,
    JSON.stringify(items.map((id) => ({ id, branch: `skein/${id}/1`, tip: tipOf.get(id) ?? "" }))),
  );
  const lines = (name) =>
    existsSync(join(directory, name)) ? readFileSync(join(directory, name), "utf8").trim().split("\n") : [];
  return {
    remote,
    items,
    first,
    git: (args, cwd = remote) => git(args, { cwd }),
    lines,
    forMergers: { remote, itemsFile, tested: join(directory, "tested"), lease: join(directory, "lease") },
    /** Commits something and pushes it, again and again until it is on the branch. */
    humanPushes: async (at) => {
      const run = async (...args) =>
        (await execute("git", args, { cwd: person, env: environment(home, { SOAK_PERSON: "1" }) })).stdout.trim();
      for (let lost = 0; ; lost++) {
        await run("fetch", "--quiet", "origin", "main");
        await run("reset", "--quiet", "--hard", "FETCH_HEAD");
        mkdirSync(join(person, "people"), { recursive: true });
        writeFileSync(join(person, "people", `${at % 50}.txt`), `${at}\n`);
        await run("add", "people");
        await run("commit", "--quiet", "-m", `Person's change ${at}`);
        const commit = await run("rev-parse", "HEAD");
        const pushed = await run("push", "--quiet", "origin", "HEAD:refs/heads/main").then(
          () => true,
          () => false,
        );
        if (!pushed) continue;
        appendFileSync(join(directory, "human"), `${commit}\n`);
        return { lost };
      }
    },
  };
}

/** A first commit, and from it a branch with one commit for each item. */
function history(items) {
  const commit = (mark, ref, message, from, path, text) =>
    `commit ${ref}\nmark :${mark}\ncommitter Agent <agent@example.com> 1700000000 +0000\ndata ${message.length}\n${message}\n` +
    `${from}M 100644 inline ${path}\ndata ${text.length}\n${text}\n`;
  const branches = items.map((id, at) =>
    commit(at + 2, `refs/heads/skein/${id}/1`, `Work on ${id}`, "from :1\n", `work/${id}.txt`, `${id}\n`),
  );
  return `${commit(1, "refs/heads/main", "First commit", "", "README.md", "# Soak\n")}${branches.join("")}done\n`;
}
