/** The whole stage graph, written out by hand. */
import { expect, test } from "vitest";

import type { StageKind } from "../op/bodies.ts";
import { isStageKind, STAGE_GRAPH, STAGE_KINDS } from "./machine.ts";
import { type Stage, STAGES } from "./stage.ts";

/** A stage or an event that is added breaks the build here until its row or column is decided. */
const TRUTH: Record<Stage, Record<StageKind, Stage | null>> = {
  Backlog: {
    "item.start": "Coding",
    "item.shelve": null,
    "item.claim": null,
    "item.release": null,
    "item.submit": null,
    "item.pass": null,
    "item.sendBack": null,
    "item.land": "Done",
    "item.archive": "Archived",
    "item.restore": null,
  },
  Coding: {
    "item.start": null,
    "item.shelve": "Backlog",
    "item.claim": "Coding",
    "item.release": "Coding",
    "item.submit": "Qa",
    "item.pass": null,
    "item.sendBack": "Coding",
    "item.land": "Done",
    "item.archive": "Archived",
    "item.restore": null,
  },
  Qa: {
    "item.start": null,
    "item.shelve": "Backlog",
    "item.claim": "Qa",
    "item.release": "Qa",
    "item.submit": null,
    "item.pass": "Merge",
    "item.sendBack": "Coding",
    "item.land": "Done",
    "item.archive": "Archived",
    "item.restore": null,
  },
  Merge: {
    "item.start": null,
    "item.shelve": "Backlog",
    "item.claim": "Merge",
    "item.release": "Merge",
    "item.submit": null,
    "item.pass": null,
    "item.sendBack": "Coding",
    "item.land": "Done",
    "item.archive": "Archived",
    "item.restore": null,
  },
  Done: {
    "item.start": null,
    "item.shelve": null,
    "item.claim": null,
    "item.release": null,
    "item.submit": null,
    "item.pass": null,
    "item.sendBack": null,
    "item.land": null,
    "item.archive": "Archived",
    "item.restore": null,
  },
  Archived: {
    "item.start": null,
    "item.shelve": null,
    "item.claim": null,
    "item.release": null,
    "item.submit": null,
    "item.pass": null,
    "item.sendBack": null,
    "item.land": "Done",
    "item.archive": null,
    "item.restore": "Backlog",
  },
};

const cells = STAGES.flatMap((stage) => STAGE_KINDS.map((kind) => [stage, kind, TRUTH[stage][kind]] as const));

test.each(cells)("%s on %s leads to %s", (stage, kind, target) => {
  expect(STAGE_GRAPH[stage][kind]).toBe(target);
});

test("the lists of stages and events are complete", () => {
  expect(cells).toHaveLength(Object.keys(TRUTH).length * Object.keys(TRUTH.Backlog).length);
  expect([...STAGES].toSorted()).toEqual(Object.keys(TRUTH).toSorted());
  expect([...STAGE_KINDS].toSorted()).toEqual(Object.keys(TRUTH.Backlog).toSorted());
});

test("only the listed kinds are stage events", () => {
  for (const kind of ["item.create", "item.set", "item.delete", "toString", "__proto__", ""]) {
    expect(isStageKind(kind)).toBe(false);
  }
  for (const kind of STAGE_KINDS) expect(isStageKind(kind)).toBe(true);
});
