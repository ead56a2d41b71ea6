/**
 * Landing is an observed fact, in both directions. Every node that can read the target branch
 *
 * - writes the landing of an item whose trailer it finds there and whose op is missing: the merger may have died between
 *   its push and its op;
 * - checks each landing that the log names, because any member with the role agent can write one (landing-book.ts).
 */
import { hasLanded, landedAs, landedBy, isLive, type LiveItem, memberOf, rankOf, roleAtLeast } from "@skein/core";

import type { Oid } from "../ports.ts";
import { writeFact } from "./attempt-context.ts";
import type { LandingBook } from "./landing-book.ts";
import type { OpenProject } from "./project.ts";
import type { ProjectHolder } from "./project-holder.ts";
import { pause } from "./wait.ts";
import type { WorkerDeps } from "./worker.ts";

/** How often the branch is read while something on it is waited for or in doubt, and otherwise. */
const OBSERVE_MS = 5_000;
const IDLE_MS = 30_000;
/** A landing that is news is checked this soon: what depends on the item waits for it. */
const TICK_MS = 500;
const TURN_MS = 300;

export interface LandingObserver {
  /** These items changed; undefined means that any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  run(): Promise<void>;
}

interface Survey {
  /** Not landed, as the log says. */
  readonly open: readonly string[];
  /** Deleted items, too: others may depend on one. */
  readonly landed: readonly string[];
}

export function createLandingObserver(
  deps: WorkerDeps,
  projects: ProjectHolder,
  book: LandingBook,
  signal: AbortSignal,
): LandingObserver {
  let news = false;
  let nextMs = 0;
  let read: OpenProject | undefined;

  const look = async (project: OpenProject): Promise<void> => {
    if (read !== undefined && !isSameBranch(read, project)) book.clear();
    read = project;
    const { open, landed } = survey(deps);
    nextMs = deps.clock.monoMs() + OBSERVE_MS;
    if (open.length === 0 && landed.length === 0) return;
    const tip = await project.refresh(signal);
    const landings = tip.ok ? await project.repository.landings(tip.value, signal) : tip;
    if (!landings.ok || signal.aborted) return;
    check(deps, project, book, landed, landings.value);
    if (open.length === 0 && !book.isUnsettled(landed)) nextMs = deps.clock.monoMs() + IDLE_MS;
    await writeMissing(deps, open, landings.value, signal);
  };

  return {
    changed: (items) => {
      // There may be something to wait for again.
      nextMs = Math.min(nextMs, deps.clock.monoMs() + OBSERVE_MS);
      const view = deps.replica.view().items;
      const isNews = (id: string): boolean => {
        const best = view.get(id)?.best;
        return best !== undefined && hasLanded(best.state) && book.of(id).state === "unverified";
      };
      news ||= items === undefined || [...items].some(isNews);
    },
    run: async () => {
      while (!signal.aborted) {
        await pause(deps.clock, TICK_MS, signal);
        const project = projects.current();
        if (project === undefined || signal.aborted || (!news && deps.clock.monoMs() < nextMs)) continue;
        news = false;
        await look(project);
      }
    },
  };
}

const isSameBranch = (a: OpenProject, b: OpenProject): boolean =>
  a.project.remote === b.project.remote && a.project.base === b.project.base;

function survey({ replica }: WorkerDeps): Survey {
  const items = [...replica.view().items.values()];
  return {
    open: items.filter((item) => isLive(item) && !hasLanded(item.best.state)).map(({ id }) => id),
    landed: items.filter(({ best }) => best !== undefined && hasLanded(best.state)).map(({ id }) => id),
  };
}

// ── checking ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The list of landed items was made before the branch was read, so an honest landing is on it. */
function check(
  deps: WorkerDeps,
  { project }: OpenProject,
  book: LandingBook,
  landed: readonly string[],
  onBranch: ReadonlyMap<string, Oid>,
): void {
  const { items, membership } = deps.replica.view();
  const changes = book.read(landed, onBranch, membership.projects.size === 1);
  for (const { item: id, before, now } of changes) {
    const item = items.get(id);
    if (item === undefined || !isLive(item)) continue;
    if (now.state === "refuted") accuse(deps, item, project.base, before.commit);
    else if (before.state === "refuted") deps.log("info", "landing.found", { item: id, commit: now.commit ?? "" });
    else if (now.commit !== null && now.commit !== landedAs(item.best.state)) noteOther(deps, item, now.commit);
  }
  if (changes.length > 0) deps.onLandings(new Set(changes.map(({ item }) => item)));
}

const authorOf = ({ replica }: WorkerDeps, item: LiveItem): string => {
  const key = landedBy(item) ?? "";
  return memberOf(replica.view().membership, key)?.name ?? key.slice(0, 8);
};

function accuse(deps: WorkerDeps, item: LiveItem, base: string, seen: Oid | null): void {
  const author = authorOf(deps, item);
  const commit = landedAs(item.best.state) ?? "";
  const what =
    seen === null
      ? `${author} wrote that ${item.id} landed as ${commit}, and ${base} has no commit with its trailer`
      : `${base} was rewritten: the landing of ${item.id}, ${seen}, is not on it any more`;
  const todo =
    seen === null
      ? "Add the work as a new item, and remove the member if it lied."
      : "Put the commit back, or add the work as a new item.";
  deps.incidents.record("landing-refuted", item.id, `${what}. It does not count as Done here. ${todo}`);
  deps.log("error", "landing.refuted", { item: item.id, commit, author });
}

function noteOther(deps: WorkerDeps, item: LiveItem, commit: Oid): void {
  const logged = landedAs(item.best.state) ?? "";
  const message = `${authorOf(deps, item)} wrote that ${item.id} landed as ${logged}; the target branch has it as ${commit}.`;
  deps.incidents.record("landing-differs", item.id, message);
}

// ── observing ───────────────────────────────────────────────────────────────────────────────────────────────────────

async function writeMissing(
  deps: WorkerDeps,
  open: readonly string[],
  onBranch: ReadonlyMap<string, Oid>,
  signal: AbortSignal,
): Promise<void> {
  if (!roleAtLeast(deps.self().role, "agent")) return;
  for (const id of open) {
    const commit = onBranch.get(id);
    if (commit === undefined) continue;
    await waitTurn(deps, id, signal);
    const body = { kind: "item.land" as const, commit, at: deps.clock.wallMs() };
    const written = await writeFact(deps, id, body);
    if (written.ok) deps.log("info", "landing.observed", { item: id, commit });
  }
}

/** The merger itself is the fastest; of the others the k-th in rendezvous order waits k turns, and mostly finds it done. */
async function waitTurn(deps: WorkerDeps, item: string, signal: AbortSignal): Promise<void> {
  const { key } = deps.self();
  const others = deps.others().map((other) => other.key);
  const rank = rankOf(
    key,
    [key, ...others],
    { item, epoch: deps.replica.view().items.get(item)?.best?.state.epoch ?? 0 },
    deps.crypto,
  );
  await pause(deps.clock, (rank + 1) * TURN_MS, signal);
}
