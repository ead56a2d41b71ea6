/**
 * What moving an item by hand from one stage to another means: which event it is, or why there is none. The command asks
 * this, and so does the page before somebody drops a card; therefore it imports nothing and is a door of its own into
 * the package. That the stage graph allows each event named here is tested against the machine.
 */
import type { StageBody } from "../op/bodies.ts";
import type { Stage } from "../fold/stage.ts";

export interface Movable {
  readonly stage: Stage;
  /** It is on the target branch, archived since or not. */
  readonly landed: boolean;
}

export type Move =
  | { readonly possible: true; readonly event: StageBody }
  /** A sentence for whoever wanted to move it. */
  | { readonly possible: false; readonly why: string };

export function planMove(item: Movable, to: Stage): Move {
  switch (to) {
    case "Backlog":
      return toBacklog(item);
    case "Coding":
      return toCoding(item);
    case "Archived":
      return item.stage === "Archived"
        ? refused("It is archived already.")
        : event({ kind: "item.archive", reason: item.landed ? "Completed" : "Abandoned", note: "" });
    case "Qa":
    case "Merge":
    case "Done":
      return refused("Nobody moves an item to Qa, Merge or Done by hand: work gets it there. Move it to Coding.");
  }
}

function toBacklog({ stage, landed }: Movable): Move {
  if (landed) return refused("What has landed is never reopened. Add the work that is left as a new item.");
  if (stage === "Backlog") return refused("It is in Backlog already.");
  if (stage === "Archived") return event({ kind: "item.restore", note: "" });
  return event({ kind: "item.shelve", note: "moved to Backlog" });
}

function toCoding({ stage, landed }: Movable): Move {
  if (landed) return refused("What has landed is never reopened. Add the work that is left as a new item.");
  if (stage === "Archived") return refused("An archived item goes back to Backlog first.");
  if (stage === "Backlog") return event({ kind: "item.start" });
  return event({
    kind: "item.sendBack",
    reason: "person",
    note: "sent back by a person",
    progress: true,
    evidence: [],
  });
}

const event = (body: StageBody): Move => ({ possible: true, event: body });

const refused = (why: string): Move => ({ possible: false, why });
