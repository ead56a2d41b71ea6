/** Where somebody is on the way to the first merge, made from what the mesh has: a reload goes on at the same step. Pure. */
import type { BoardItem, Stage } from "@skein/core";
import { plainText } from "../../text.ts";

const STEPS = ["project", "rules", "story", "watch"] as const;

export type Step = (typeof STEPS)[number];

/** As `GET /api/v1/projects` lists them; nodes work on the last one. */
export interface Project {
  readonly name: string;
  readonly remote: string;
  readonly base: string;
  /** The text of skein.yaml. */
  readonly config: string;
}

/** What the machine of the node found at a path (`project.look`). */
export interface Found {
  readonly path: string;
  readonly name: string;
  readonly base: string;
  readonly remote: string;
  readonly landsIn: string;
  readonly dirty: boolean;
  readonly hasConfig: boolean;
  readonly gate: readonly (readonly string[])[];
  readonly gateBecause: string;
  readonly agent: string;
  readonly agents: readonly { readonly name: string; readonly installed: boolean }[];
  readonly sandbox: string;
  readonly sandboxBecause: string;
  readonly obstacle: string;
}

export const PRACTICE = "practice";

export interface Circumstances {
  readonly project: Project | undefined;
  readonly found: Found | undefined;
  readonly item: BoardItem | undefined;
  /** After practice somebody wants to go on with a repository of their own. */
  readonly again: boolean;
}

export function stepOf({ project, found, item, again }: Circumstances): Step {
  if (project === undefined || (again && project.name === PRACTICE)) return found === undefined ? "project" : "rules";
  return item === undefined ? "story" : "watch";
}

export type StepState = "done" | "now" | "later";

export function stateOf(step: Step, now: Step): StepState {
  const distance = STEPS.indexOf(step) - STEPS.indexOf(now);
  if (distance === 0) return "now";
  return distance < 0 ? "done" : "later";
}

/** The story to follow: the first one of this project that is not archived, or else the first one. */
export function firstItem(items: Iterable<BoardItem>): BoardItem | undefined {
  const inOrder = [...items].sort((left, right) => left.createdAt - right.createdAt || (left.id < right.id ? -1 : 1));
  return inOrder.find((item) => item.stage !== "Archived") ?? inOrder[0];
}

/** A proposal for the first story depends on it, and nothing else does: the text is not read by YAML's rules. */
export const isScripted = ({ config }: Pick<Project, "config">): boolean =>
  /^[^#\n]*\bkind:\s*["']?scripted\b/mu.test(config);

export const TRACK = ["Coding", "Qa", "Merge", "Done"] as const satisfies readonly Stage[];

export type TrackState = "past" | "now" | "ahead";

export function trackState(stage: (typeof TRACK)[number], now: Stage): TrackState {
  const at = TRACK.findIndex((one) => one === now);
  const distance = TRACK.indexOf(stage) - at;
  if (at < 0 || distance > 0) return "ahead";
  return distance < 0 || stage === "Done" ? "past" : "now";
}

/** Done, and not refuted by the target branch. */
export const hasLanded = (item: BoardItem): boolean => item.stage === "Done" && item.landing !== "refuted";

/** What a person types to see the branch; a remote that is no path has no such place on this machine. */
export const placeToLook = ({ remote }: Pick<Project, "remote">): string =>
  plainText(/^\/[\w./-]*$/u.test(remote) ? remote : ".");
