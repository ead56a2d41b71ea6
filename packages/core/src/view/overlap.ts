/**
 * The forecast of who gets into whose way: items under way that change the same paths. What a branch was submitted with is
 * known from its diff; before that counts what a person has said the item will touch. Nothing is known of the rest.
 *
 * It is advice: no item waits for ever because of it, and nobody has to say the truth.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import { patternsMeet } from "../kernel/glob.ts";
import { LIMITS } from "../op/limits.ts";
import { compareUrgency } from "./project.ts";

/** Patterns of the paths that the item changes or is said to; empty when nobody knows. */
export function footprintOf({ best: { state }, registers }: LiveItem): readonly string[] {
  const { stage } = state;
  const known = stage.stage === "Qa" || stage.stage === "Merge" ? stage.touched : undefined;
  if (known !== undefined && known.length > 0) return known;
  const said = registers.touches.value;
  return said.length > 0 ? said : (state.left?.touched ?? []);
}

const isUnderWay = ({ best }: LiveItem): boolean => ["Coding", "Qa", "Merge"].includes(best.state.stage.stage);

export interface Overlap {
  readonly item: LiveItem;
  /** Of the other item's patterns those that meet one of this item's, the first few. */
  readonly on: readonly string[];
}

const OVERLAPS_TOLD = 20;
const PATTERNS_TOLD = 5;

/** The other items under way that overlap this one, the most urgent first, and no more than the first few. */
export function overlapsOf(item: LiveItem, view: View): readonly Overlap[] {
  const own = footprintOf(item);
  if (own.length === 0 || !isUnderWay(item)) return [];
  const overlaps: Overlap[] = [];
  for (const other of [...view.items.values()].filter(isLive).filter(isUnderWay).toSorted(compareUrgency)) {
    if (other.id === item.id) continue;
    const on = footprintOf(other).filter((pattern) => own.some((one) => patternsMeet(one, pattern)));
    if (on.length > 0) overlaps.push({ item: other, on: on.slice(0, PATTERNS_TOLD) });
    if (overlaps.length === OVERLAPS_TOLD) break;
  }
  return overlaps;
}

/** Whether two items overlap, remembered as long as what they touch is the same. */
export type Meets = (a: LiveItem, b: LiveItem) => boolean;

export function rememberingMeets(): Meets {
  const known = new WeakMap<readonly string[], WeakMap<readonly string[], boolean>>();
  return (a, b) => {
    const [one, other] = [footprintOf(a), footprintOf(b)];
    if (one.length === 0 || other.length === 0) return false;
    const answers = known.get(one) ?? new WeakMap<readonly string[], boolean>();
    known.set(one, answers);
    const meets = answers.get(other) ?? one.some((x) => other.some((y) => patternsMeet(x, y)));
    answers.set(other, meets);
    return meets;
  };
}

/** An item that so many younger ones of its priority have gone before is not put off again. */
const PUT_OFF_MAX = 8;
/** So many of what is under way are compared with. */
const COMPARED_MAX = 64;

/**
 * Items in the order of their urgency, so that the first `room` of them get into nobody's way where equals of them do not:
 * what overlaps something that is held or finished comes behind the others of its priority.
 */
export function spread(waiting: readonly LiveItem[], view: View, room: number, meets: Meets): readonly LiveItem[] {
  if (waiting.length < 2 || waiting.every((item) => footprintOf(item).length === 0)) return waiting;
  const all = [...view.items.values()].filter(isLive).filter(isUnderWay);
  const busy = all.filter(({ best: { state } }) => state.claim !== null || state.stage.stage !== "Coding");
  const taken = busy.filter((item) => footprintOf(item).length > 0).slice(0, COMPARED_MAX);
  const chosen: LiveItem[] = [];
  const behind: LiveItem[] = [];
  for (const [at, item] of waiting.entries()) {
    if (chosen.length >= room) return [...chosen, ...behind, ...waiting.slice(at)];
    const before = behind[0];
    if (before !== undefined && priorityOf(before) !== priorityOf(item)) chosen.push(...behind.splice(0));
    const inTheWay = taken.some((other) => other.id !== item.id && meets(item, other));
    if (inTheWay && !wasPutOff(item, view)) behind.push(item);
    else {
      chosen.push(item);
      taken.push(item);
    }
  }
  return [...chosen, ...behind];
}

const priorityOf = ({ registers }: LiveItem): number => registers.priority.value;

/** Counted from the log, so that it is the same after a restart and on every node. */
function wasPutOff(item: LiveItem, view: View): boolean {
  let before = 0;
  for (const other of view.items.values()) {
    if (!isLive(other) || other.createdAt <= item.createdAt || priorityOf(other) !== priorityOf(item)) continue;
    if (other.best.state.epoch > 0 && ++before >= PUT_OFF_MAX) return true;
  }
  return false;
}

/**
 * The paths of a diff, as an op can carry them: directories in the place of files when there are too many, and nothing that is
 * too long or not of one line.
 */
export function touchedBy(paths: readonly string[]): readonly string[] {
  const names = [...new Set(paths)].filter(
    (path) => path.trim() !== "" && !/\p{Cc}|\p{Cs}|[\u2028\u2029\ufeff]/u.test(path),
  );
  const deepest = names.reduce((depth, path) => Math.max(depth, path.split("/").length), 0);
  const cut = (path: string, depth: number): string => {
    const parts = path.split("/");
    // A name that would be a pattern is told by its directory.
    const wild = parts.findIndex((part) => /[*?]/.test(part));
    if (wild >= 0 && wild < depth) return [...parts.slice(0, wild), "**"].join("/");
    return parts.length <= depth ? path : [...parts.slice(0, depth), "**"].join("/");
  };
  // What changes very much is told by its first directories: nobody goes through thousands of names sixty times.
  const from = names.length > 1_000 ? 3 : LIMITS.touchLength / 2;
  for (let depth = Math.min(deepest, from); depth > 0; depth--) {
    const patterns = [...new Set(names.map((path) => cut(path, depth)))];
    if (patterns.length <= LIMITS.touches && patterns.every(({ length }) => length <= LIMITS.touchLength))
      return patterns;
  }
  return names.length === 0 ? [] : ["**"];
}
