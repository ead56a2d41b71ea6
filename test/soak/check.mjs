/** What has to be true when everything is over, read from the remote alone and from what the gate and the person wrote down. */
import { join } from "node:path";

export async function check({ project, mergers, directory }) {
  const problems = [];
  const { git } = project;
  const chain = git([
    "log",
    "--first-parent",
    "--format=%H %T %(trailers:key=Skein-Item,valueonly,separator=%x2C)",
    "main",
  ])
    .trim()
    .split("\n")
    .map((line) => line.split(" "))
    .map(([commit, tree, items = ""]) => ({ commit, tree, items: items === "" ? [] : items.split(",") }));
  const landings = chain.filter(({ items }) => items.length > 0);

  const times = new Map();
  for (const { items } of landings) for (const item of items) times.set(item, (times.get(item) ?? 0) + 1);
  const wrong = project.items.filter((item) => times.get(item) !== 1);
  for (const item of wrong.slice(0, 5)) problems.push(`${item} landed ${times.get(item) ?? 0} times`);
  const foreign = [...times.keys()].filter((item) => !project.items.includes(item));
  if (foreign.length > 0) problems.push(`${foreign.join(", ")} landed and is no item`);
  // The trailers could say so without the work being there.
  const files = new Set(git(["ls-tree", "-r", "--name-only", "main"]).trim().split("\n"));
  const missing = project.items.filter((item) => !files.has(`work/${item}.txt`));
  if (missing.length > 0) problems.push(`the work of ${missing.slice(0, 5).join(", ")} is not on the branch`);

  const seen = new Set(project.lines("tested"));
  const untested = landings.filter(({ tree }) => !seen.has(tree));
  for (const { commit } of untested.slice(0, 5)) problems.push(`${commit} landed with a tree that no gate has seen`);

  const onBranch = new Set(git(["rev-list", "main"]).trim().split("\n"));
  const human = project.lines("human");
  const lost = human.filter((commit) => !onBranch.has(commit));
  for (const commit of lost.slice(0, 5)) problems.push(`the person's commit ${commit} is lost`);

  // Every value the branch ever had is on its first-parent chain: nothing was overwritten and put back.
  const values = git(["reflog", "show", "--format=%H", "refs/heads/main"]).trim().split("\n");
  const inChain = new Set(chain.map(({ commit }) => commit));
  const overwritten = values.filter((commit) => !inChain.has(commit));
  for (const commit of overwritten.slice(0, 5))
    problems.push(`${commit} was the target branch and is not on it any more`);

  const places = [
    project.remote,
    ...Array.from({ length: mergers }, (_, at) => join(directory, `merger-${at}`, "mirror.git")),
  ];
  const dirty = places.filter((place) => !isClean(git, place));
  for (const place of dirty) problems.push(`git fsck finds fault with ${place}`);

  return {
    problems,
    landedOnce: project.items.length - wrong.length,
    landings: landings.length,
    tested: landings.length - untested.length,
    humanCommits: human.length,
    humanKept: human.length - lost.length,
    moves: values.length,
    forward: values.length - overwritten.length,
    clean: places.length - dirty.length,
    cutAfter: project.lines("cut-after").length,
    cutBefore: project.lines("cut-before").length,
  };
}

/** What nothing refers to is what killed mergers left behind, and no fault. */
function isClean(git, place) {
  try {
    return git(["fsck", "--full", "--strict", "--no-dangling", "--no-progress"], place).trim() === "";
  } catch {
    return false;
  }
}
