/**
 * The stage graph as an XState machine, used only through its pure transition.
 *
 *     Backlog ─start─► Coding ─submit─► Qa ─pass─► Merge ─land─► Done ─archive─► Archived
 *        ▲               ▲ │              │           │                            │
 *        └──── shelve ───┴─│── sendBack ──┴───────────┘                            │
 *        └─────────────────────────────── restore ─────────────────────────────────┘
 *
 * claim and release stay in their stage; archive is legal from every stage but Archived; land is a fact about the
 * target branch, so it is legal from every stage where the item has not landed. The graph says which event may leave
 * which stage; who may send it and with what data is decided in transition.ts.
 */
import { initialTransition, setup, transition } from "xstate";

import type { StageKind } from "../op/bodies.ts";
import { STAGES, type Stage } from "./stage.ts";

/** Every cell decided: the target stage, or null where the event is not legal. The machine is the source. */
export type StageGraph = Readonly<Record<Stage, Readonly<Record<StageKind, Stage | null>>>>;

const working = {
  "item.shelve": "Backlog",
  "item.land": "Done",
  "item.archive": "Archived",
} as const;

const machine = setup({ types: { events: {} as { type: StageKind } } }).createMachine({
  id: "stage",
  initial: "Backlog",
  states: {
    Backlog: { on: { "item.start": "Coding", "item.land": "Done", "item.archive": "Archived" } },
    Coding: {
      on: {
        ...working,
        "item.claim": { target: "Coding", reenter: true },
        "item.release": { target: "Coding", reenter: true },
        "item.submit": "Qa",
        "item.sendBack": { target: "Coding", reenter: true },
      },
    },
    Qa: {
      on: {
        ...working,
        "item.claim": { target: "Qa", reenter: true },
        "item.release": { target: "Qa", reenter: true },
        "item.pass": "Merge",
        "item.sendBack": "Coding",
      },
    },
    Merge: {
      on: {
        ...working,
        "item.claim": { target: "Merge", reenter: true },
        "item.release": { target: "Merge", reenter: true },
        "item.sendBack": "Coding",
      },
    },
    Done: { on: { "item.archive": "Archived" } },
    Archived: { on: { "item.restore": "Backlog", "item.land": "Done" } },
  },
});

/** The kinds of stage events; the record makes a new one a build error until it is listed. */
const STAGE_KINDS_SEEN: Readonly<Record<StageKind, true>> = {
  "item.start": true,
  "item.shelve": true,
  "item.claim": true,
  "item.release": true,
  "item.submit": true,
  "item.pass": true,
  "item.sendBack": true,
  "item.land": true,
  "item.archive": true,
  "item.restore": true,
};

export const STAGE_KINDS: readonly StageKind[] = Object.keys(STAGE_KINDS_SEEN) as StageKind[];

export const isStageKind = (kind: string): kind is StageKind => Object.hasOwn(STAGE_KINDS_SEEN, kind);

/**
 * A transition without context depends on nothing but the stage and the event, so each of the cells is asked of XState
 * once, and an op costs a look-up.
 */
function graphOfMachine(): StageGraph {
  const [start] = initialTransition(machine);
  const rows = STAGES.map((stage) => {
    const from = machine.resolveState({ ...start, value: stage });
    const cells = STAGE_KINDS.map((type) => [
      type,
      from.can({ type }) ? transition(machine, from, { type })[0].value : null,
    ]);
    return [stage, Object.fromEntries(cells)];
  });
  // Built from the two complete lists above.
  return Object.fromEntries(rows) as StageGraph;
}

export const STAGE_GRAPH: StageGraph = graphOfMachine();
