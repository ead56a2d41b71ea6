/** What a person can do with an item where the event that was wanted is not possible: the next step of such a refusal. Pure. */
import { hasLanded, type ItemState } from "../fold/item-state.ts";
import { refusal, type StageEvent } from "../fold/transition.ts";
import type { StageBody } from "../op/bodies.ts";

/** What people send, in the words of every front, in the order in which it is offered. */
const offers = (isLanded: boolean): readonly (readonly [words: string, body: StageBody])[] => [
  ["start it", { kind: "item.start" }],
  ["reject it", { kind: "item.sendBack", reason: "person", note: "", progress: true, evidence: [] }],
  ["move it to Backlog", { kind: "item.shelve", note: "" }],
  ["restore it", { kind: "item.restore", note: "" }],
  ["archive it", { kind: "item.archive", reason: isLanded ? "Completed" : "Abandoned", note: "" }],
];

/** The end of the sentence, such as `; there you can reject it or archive it`. Empty when there is nothing to offer. */
export function insteadOf(state: ItemState, event: StageEvent): string {
  const isLanded = hasLanded(state);
  const all = offers(isLanded);
  // What executors send is refused to executors, who take no advice.
  if (!all.some(([, { kind }]) => kind === event.body.kind)) return "";
  const possible = all.filter(([, body]) => refusal(state, { ...event, body }) === undefined).map(([words]) => words);
  if (isLanded) {
    const ways = [...possible, "add the work that is left as a new item"];
    return `; what has landed is never reopened: ${ways.join(", or ")}`;
  }
  return possible.length === 0 ? "" : `; there you can ${orList(possible)}`;
}

const orList = (words: readonly string[]): string =>
  [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" or ");
