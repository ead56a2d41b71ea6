/** What the first run knows while it is open, and what its buttons do. Where it stands is the mesh's (progress.ts). */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { BoardItem } from "@skein/core";
import { useEffect } from "preact/hooks";
import { addressOf, goTo, type Route } from "../../frame/router.ts";
import { isOwner } from "../../parts/rights.ts";
import type { Session } from "../../session.ts";
import type { startTexts } from "../../texts/start.ts";
import { draftAt, keepDraft } from "../item/drafts.ts";
import { type Asking, useAsking } from "./asking.ts";
import { firstItem, type Found, type Project, type Step, stepOf } from "./progress.ts";
import type { Rules } from "./rules.tsx";
import type { Story } from "./story.tsx";

export type Doing = keyof typeof startTexts.failed;

export interface Journey {
  readonly now: Step;
  readonly project: Project | undefined;
  readonly item: BoardItem | undefined;
  readonly found: Found | undefined;
  /** What was looked at last. */
  readonly path: ReadonlySignal<string>;
  /** skein.yaml was written just now. */
  readonly wrote: boolean;
  readonly asking: Asking<Doing>;
  readonly look: (path: string) => void;
  readonly leave: () => void;
  readonly begin: (rules: Rules) => void;
  readonly practise: () => void;
  readonly start: (story: Story) => void;
  readonly command: (name: "item.start" | "item.restore", item: BoardItem) => void;
}

export interface JourneyProps {
  readonly session: Session;
  readonly route: Route;
  readonly project: Project | undefined;
  /** The project may be another one now. */
  readonly refresh: () => Promise<void>;
}

export function useJourney({ session, route, project, refresh }: JourneyProps): Journey {
  const found = useSignal<Found | undefined>(undefined);
  const path = useSignal("");
  const wrote = useSignal(false);
  const asking = useAsking<Doing>();
  const sinceMs = Number(route.query.get("since") ?? 0) || 0;
  const item = firstItem([...session.board.value.items.values()].filter(({ createdAt }) => createdAt > sinceMs));
  const again = route.query.has("again");

  const look = async (wanted: string): Promise<void> => {
    path.value = wanted;
    keepPath(wanted);
    found.value = await asking.ask<Found>("look", () => session.command("project.look", { path: wanted }));
  };
  useEffect(() => {
    // Looked at before the page was loaded again: it is looked at anew, as it is now.
    const kept = keptPath();
    if (kept !== "" && isOwner(session) && (project === undefined || again)) void look(kept);
  }, []);
  const begin = async (rules: Rules): Promise<void> => {
    const input = { path: found.peek()?.path ?? "", ...rules };
    const begun = await asking.ask<{ readonly wrote: boolean }>("begin", () => session.command("project.begin", input));
    if (begun === undefined) return;
    wrote.value = begun.wrote;
    keepPath("");
    // What was practised is not the first story of the new project.
    if (again) goTo(addressOf("/start", { since: String(newestOf(session)) }));
    await refresh();
  };
  const practise = async (): Promise<void> => {
    const made = await asking.ask("practice", () => session.command("project.practice", {}));
    if (made !== undefined) await refresh();
  };
  return {
    now: stepOf({ project, found: found.value, item, again }),
    project,
    item,
    found: found.value,
    path,
    wrote: wrote.value,
    asking,
    look: (wanted) => void look(wanted),
    leave: () => {
      found.value = undefined;
      keepPath("");
    },
    begin: (rules) => void begin(rules),
    practise: () => void practise(),
    start: (story) => void asking.ask("story", () => session.command("item.add", { ...story, start: true })),
    command: (name, { id }) => void asking.ask("story", () => session.command(name, { item: id })),
  };
}

const LOOKED_AT = "start repository";

const keptPath = (): string => draftAt(localStorage, LOOKED_AT);
const keepPath = (path: string): void => keepDraft(localStorage, LOOKED_AT, path, Date.now());

const newestOf = ({ board }: Session): number =>
  [...board.peek().items.values()].reduce((newest, { createdAt }) => Math.max(newest, createdAt), 0);
