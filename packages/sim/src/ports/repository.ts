/**
 * One node's way to the git remote, as the `Repository` port has it. Every call takes time and may be refused, lost, or end
 * without anybody knowing whether it was done; what it was asked is looked at for text that never may get there.
 */
import { BRANCH, err, ITEM_ID, landedItems, OID, ok, type Result } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { AttemptResult, GitError, MergeOutcome, Oid, PushOutcome, Repository } from "@skein/node";

import type { Life } from "../kernel/life.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { type Commit, oidOf, type Remote, treeOf } from "./remote.ts";

/** What may go wrong by itself, all zero when the remote is well. */
export interface RemoteRates {
  minMs: number;
  maxMs: number;
  unreachableChance: number;
  refuseChance: number;
  /** A push was done, and the answer never came. */
  lostAnswerChance: number;
  /** A push was not done, and the answer never came. */
  lostPushChance: number;
  /** A person commits just before the push arrives. */
  raceChance: number;
}

export const calmRemote = (): RemoteRates => ({
  minMs: 2,
  maxMs: 30,
  unreachableChance: 0,
  refuseChance: 0,
  lostAnswerChance: 0,
  lostPushChance: 0,
  raceChance: 0,
});

export interface RemoteState {
  readonly rates: RemoteRates;
  down: boolean;
  /** Files that attempts and people change; few of them conflict often. */
  files: number;
}

/** What an agent did in its clone. */
export interface Workspace {
  readonly item: string;
  readonly epoch: number;
  readonly base: Oid;
  /** The base, or unfinished work that it goes on with. */
  readonly start: Oid;
  readonly branch: string;
  /** Commits it left, and the file they change. */
  ahead: number;
  file: string;
  /** Not seen in any attempt before, unless the agent repeats itself. */
  content: string;
}

interface RepositoryWatch {
  readonly onPush: (result: "moved" | "stale" | "lost-done" | "lost-undone", commit: Commit) => void;
  readonly onConflict: () => void;
  readonly onGoneOn: () => void;
  /** A string that goes to git as an argument, a ref, or a path. */
  readonly onArgument: (what: string, text: string, isValid: boolean) => void;
}

export interface RepositoryDeps {
  readonly life: Life;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly remote: Remote;
  readonly state: RemoteState;
  /** The clones that are on the machine's disk, by their directories; a program that dies leaves its own behind. */
  readonly workspaces: Map<string, Workspace>;
  /** The directories of gates. */
  readonly checkouts: Set<string>;
  readonly watch: RepositoryWatch;
  /** Which clone, checkout or commit of this machine it is. */
  readonly serial: () => number;
}

const fail = (type: GitError["type"], message: string): { readonly ok: false; readonly error: GitError } =>
  err({ type, message });

export function createRepository(deps: RepositoryDeps): Repository {
  const { remote, watch } = deps;
  const later = callOf(deps);
  const oid = (what: string, text: Oid): void => watch.onArgument(what, text, OID.test(text));
  return {
    fetchBase: (signal) => later("talk", signal, () => ok(remote.tip().oid)),
    landings: (at, signal) =>
      later("local", signal, () => {
        oid("landings", at);
        const landings = remote.landings(at);
        return landings === undefined ? fail("git-failed", `${at} is not here`) : ok(landings);
      }),
    readFile: (commit, _path, signal) =>
      later("local", signal, () => {
        oid("readFile", commit);
        return ok(undefined);
      }),
    openAttempt: ({ item, epoch, base, start = base }, signal) =>
      later("local", signal, () => {
        watch.onArgument("openAttempt", item, ITEM_ID.test(item));
        if (start !== base) watch.onGoneOn();
        const branch = `skein/${item}/${epoch}`;
        const directory = `${deps.life.name}/${item}/${epoch}/${deps.serial()}`;
        deps.workspaces.set(directory, { item, epoch, base, start, branch, ahead: 0, file: "", content: "" });
        return ok({ directory, branch, base, start });
      }),
    recoverAttempt: (attempt, signal) => later("local", signal, () => ok(recover(deps, attempt))),
    collectAttempt: ({ directory }, signal) =>
      later("local", signal, () => {
        const workspace = deps.workspaces.get(directory);
        return workspace === undefined
          ? fail("missing-branch", "the clone is gone")
          : ok(collect(deps, workspace, directory));
      }),
    publishBranch: (branch, tip, signal) => {
      watch.onArgument("publishBranch", branch, BRANCH.test(branch));
      return later("push", signal, () => publish(deps, branch, tip));
    },
    // A week is longer than any simulation, so nothing asks for this.
    deleteBranches: (_items, signal) => later("push", signal, () => ok([])),
    fetchBranch: (branch, tip, signal) => {
      watch.onArgument("fetchBranch", branch, BRANCH.test(branch));
      oid("fetchBranch", tip);
      return later("talk", signal, () => {
        const known = remote.branches.get(branch) === tip && remote.commits.has(tip);
        return known ? ok(undefined) : fail("missing-branch", `${branch} does not contain ${tip}`);
      });
    },
    // Nobody looks at diffs in a simulation.
    diff: ({ tip }, signal) => later("local", signal, () => ok({ base: tip, tip, files: [], filesLeftOut: 0 })),
    merge: (inputs, signal) => later("local", signal, () => merge(deps, inputs)),
    join: (inputs, signal) => later("local", signal, () => join(deps, inputs)),
    openCheckout: (commit, name, signal) =>
      later("local", signal, () => {
        watch.onArgument("openCheckout", name, /^[0-9a-z]{12}-\d+(?:-witness)?$/.test(name));
        if (!remote.commits.has(commit)) return fail("git-failed", "no such commit");
        const directory = `checkout/${commit}/${name}`;
        deps.checkouts.add(directory);
        return ok(directory);
      }),
    land: (swap, signal) => later("push", signal, () => land(deps, swap)),
    remove: (directory) => {
      deps.workspaces.delete(directory);
      deps.checkouts.delete(directory);
      return Promise.resolve();
    },
  };
}

/** The commit that a gate's directory holds. */
export const commitIn = (checkout: string): Oid => checkout.split("/")[1] ?? "";

/** What a file is when this was written into it. */
export const versionOf = (content: string): Oid => oidOf(`content ${content}`);

type Call = <T>(
  kind: "local" | "talk" | "push",
  signal: AbortSignal,
  run: () => Result<T, GitError>,
) => Promise<Result<T, GitError>>;

/** Every call takes its time; one that talks to the remote may fail on the way. A dead program's never comes back. */
function callOf({ life, scheduler, prng, state }: RepositoryDeps): Call {
  return (kind, signal, run) =>
    new Promise((resolve) => {
      const { rates } = state;
      const ms = rates.minMs + prng.int(Math.max(1, rates.maxMs - rates.minMs));
      const answer = (): void => {
        if (signal.aborted) return resolve(fail("aborted", "it was stopped"));
        if (kind === "local") return resolve(run());
        if (state.down || prng.chance(rates.unreachableChance)) {
          return resolve(fail("remote-unreachable", "the remote cannot be reached"));
        }
        if (kind === "push" && prng.chance(rates.refuseChance)) {
          return resolve(fail("refused", "a hook of the remote said no"));
        }
        return resolve(run());
      };
      scheduler.after(kind === "local" ? ms / 4 : ms, answer, life);
    });
}

function collect({ remote }: RepositoryDeps, workspace: Workspace, directory: string): AttemptResult {
  const start = remote.commits.get(workspace.start);
  const goesOn = workspace.start !== workspace.base;
  const ahead = workspace.ahead + (goesOn ? (start?.ahead ?? 0) : 0);
  if (start === undefined || workspace.ahead === 0) {
    return { tip: workspace.start, tree: start?.tree ?? "", commitsAhead: ahead };
  }
  const version = versionOf(workspace.content);
  const files = new Map([...start.files, [workspace.file, version]]);
  const tip: Commit = {
    oid: oidOf(`attempt ${directory} ${version} on ${start.oid}`),
    // Where it left the target branch: what it changed is told from there.
    parent: goesOn ? start.parent : start.oid,
    others: [],
    tree: treeOf(files),
    files,
    items: [],
    ahead,
  };
  remote.commits.set(tip.oid, tip);
  return { tip: tip.oid, tree: tip.tree, commitsAhead: tip.ahead, touched: [workspace.file] };
}

/** What the last attempt before this one had committed when its program died; its clone goes. */
function recover(
  deps: RepositoryDeps,
  { item, epoch }: { readonly item: string; readonly epoch: number },
): AttemptResult | undefined {
  const [last] = [...deps.workspaces]
    .filter(([, workspace]) => workspace.item === item && workspace.epoch < epoch)
    .toSorted(([, a], [, b]) => b.epoch - a.epoch);
  if (last === undefined) return undefined;
  const [directory, workspace] = last;
  const result = collect(deps, workspace, directory);
  deps.workspaces.delete(directory);
  return result.commitsAhead === 0 ? undefined : result;
}

function publish({ remote, prng, state }: RepositoryDeps, branch: string, tip: Oid): Result<void, GitError> {
  const { rates } = state;
  const there = remote.branches.get(branch);
  if (there === tip) return ok(undefined);
  if (there !== undefined) return fail("branch-taken", `${branch} holds work of another node`);
  if (prng.chance(rates.lostPushChance)) return fail("unknown-outcome", "no answer");
  remote.branches.set(branch, tip);
  return prng.chance(rates.lostAnswerChance) ? fail("unknown-outcome", "no answer") : ok(undefined);
}

function merge(
  { remote, watch }: RepositoryDeps,
  inputs: Parameters<Repository["merge"]>[0],
): Result<MergeOutcome, GitError> {
  const [base, tip] = [remote.commits.get(inputs.base), remote.commits.get(inputs.tip)];
  if (base === undefined || tip === undefined) return fail("bad-object", "there is no such commit");
  if (tip.ahead === 0 || remote.isAncestor(tip.oid, base.oid)) return fail("no-commits", "nothing to land");
  const origin = remote.commits.get(tip.parent ?? "");
  const changed = [...tip.files].filter(([file, version]) => origin?.files.get(file) !== version);
  const conflicts = changed.filter(([file]) => base.files.get(file) !== origin?.files.get(file));
  if (conflicts.length > 0) {
    watch.onConflict();
    return ok({ type: "conflict", paths: conflicts.map(([file]) => file) });
  }
  const files = new Map([...base.files, ...changed]);
  const commit: Commit = {
    oid: oidOf(`merge ${base.oid} ${tip.oid} ${inputs.atSeconds}\n${inputs.message}`),
    parent: base.oid,
    others: [tip.oid],
    tree: treeOf(files),
    files,
    items: landedItems(inputs.message),
    ahead: tip.ahead,
  };
  remote.commits.set(commit.oid, commit);
  return ok({ type: "merged", commit: commit.oid, tree: commit.tree });
}

function join({ remote }: RepositoryDeps, inputs: Parameters<Repository["join"]>[0]): Result<Oid, GitError> {
  const tips = inputs.tips.flatMap((oid) => remote.commits.get(oid) ?? []);
  // Any commit with the tree has its files.
  const files = [...remote.commits.values()].find(({ tree }) => tree === inputs.tree)?.files;
  if (files === undefined || tips.length < inputs.tips.length) return fail("bad-object", "there is no such commit");
  const commit: Commit = {
    oid: oidOf(`join ${inputs.base} ${inputs.tips.join(" ")} ${inputs.tree} ${inputs.atSeconds}\n${inputs.message}`),
    parent: inputs.base,
    others: inputs.tips,
    tree: inputs.tree,
    files,
    items: landedItems(inputs.message),
    ahead: Math.min(...tips.map(({ ahead }) => ahead)),
  };
  remote.commits.set(commit.oid, commit);
  return ok(commit.oid);
}

function land(
  { remote, prng, state, watch, serial }: RepositoryDeps,
  { expected, commit: oid }: { readonly expected: Oid; readonly commit: Oid },
): Result<PushOutcome, GitError> {
  const commit = remote.commits.get(oid);
  if (commit === undefined) return fail("git-failed", "no such commit");
  const { rates } = state;
  if (prng.chance(rates.raceChance)) remote.humanCommit(fileOf(prng, state), `race ${serial()}`);
  if (prng.chance(rates.lostPushChance)) {
    watch.onPush("lost-undone", commit);
    return fail("unknown-outcome", "no answer");
  }
  // As push.ts has it: a ref that is there already is a push that was done.
  if (remote.tip().oid !== oid && !remote.swap(expected, oid)) {
    watch.onPush("stale", commit);
    return ok({ type: "stale" });
  }
  if (prng.chance(rates.lostAnswerChance)) {
    watch.onPush("lost-done", commit);
    return fail("unknown-outcome", "no answer");
  }
  watch.onPush("moved", commit);
  return ok({ type: "moved" });
}

export const fileOf = (prng: Prng, state: RemoteState): string => `file-${prng.int(state.files)}`;
