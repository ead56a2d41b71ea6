/** What an action will do, and what came of an attempt, in the words that are true of the item as it stands. Pure. */
import { itemTexts } from "../../texts/item.ts";
import type { ActionName } from "./actions.tsx";
import type { Attempt, Details } from "./details.ts";

/** `missing`: how many others have to land before anybody takes it. */
export function whatOf(name: ActionName, { hold }: Pick<Details, "hold">, missing: number): string {
  const words = itemTexts.action[name];
  if (!("taken" in words)) return words.what;
  const { notTaken } = itemTexts;
  const against = [...(hold === "" ? [] : [notTaken.hold]), ...(missing === 0 ? [] : [notTaken.waits(missing)])];
  return [words.what, ...(against.length === 0 ? [words.taken] : [...against, notTaken.after])].join(" ");
}

/** A claim that is given back with the branch handed in is no work that was given up: a person may be looking at it now. */
export function outcomeOf(
  { epoch, outcome, branch }: Pick<Attempt, "epoch" | "outcome" | "branch">,
  { awaitsPerson, made }: Pick<Details, "awaitsPerson" | "made">,
): string {
  if (outcome !== "released" || branch === null) return outcome;
  return awaitsPerson && made?.epoch === epoch ? "waiting" : "handed-in";
}
