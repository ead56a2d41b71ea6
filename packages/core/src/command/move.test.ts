/** The rule of moves beside the stage graph that it must agree with. */
import { expect, test } from "vitest";

import { STAGE_GRAPH } from "../fold/machine.ts";
import { STAGES } from "../fold/stage.ts";
import { planMove } from "./move.ts";

const cases = STAGES.flatMap((from) =>
  STAGES.flatMap((to) =>
    [true, false]
      // Done alone has landed for certain, and only what is archived may have or not.
      .filter((landed) => from === "Archived" || landed === (from === "Done"))
      .map((landed) => [from, to, landed] as const),
  ),
);

test.each(cases)(
  "a move from %s to %s (landed: %s) is an event that the machine takes there, or has a reason",
  (...given) => {
    const [stage, to, landed] = given;
    const move = planMove({ stage, landed }, to);
    const seen = move.possible ? STAGE_GRAPH[stage][move.event.kind] : move.why;
    expect(seen).toMatch(move.possible ? new RegExp(`^${to}$`) : /^[A-Z].*\.$/u);
  },
);

test("people move items to Backlog, Coding and the archive, and nowhere else", () => {
  const possible = STAGES.map((from) =>
    STAGES.filter((to) => planMove({ stage: from, landed: from === "Done" }, to).possible),
  );
  expect(possible).toEqual([
    ["Coding", "Archived"],
    ["Backlog", "Coding", "Archived"],
    ["Backlog", "Coding", "Archived"],
    ["Backlog", "Coding", "Archived"],
    ["Archived"],
    ["Backlog"],
  ]);
  expect(planMove({ stage: "Archived", landed: true }, "Backlog").possible).toBe(false);
  expect(planMove({ stage: "Done", landed: true }, "Archived")).toMatchObject({ event: { reason: "Completed" } });
});
