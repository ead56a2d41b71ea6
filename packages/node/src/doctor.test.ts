/** What doctor says of a node's work. */
import { expect, test } from "vitest";

import { type Examined, examine } from "./doctor.ts";
import { createIncidents } from "./incidents.ts";
import { createManualClock } from "./testing/link-stand.ts";

const WELL: Examined = {
  role: "agent",
  keyStatus: "current",
  diskProblem: undefined,
  notReady: undefined,
  idle: false,
  configProblem: undefined,
  hasProject: true,
  linked: 1,
  members: 2,
  sandbox: "none",
  standby: undefined,
  codingFrom: undefined,
  untakable: 0,
  refuted: 0,
  incidents: createIncidents(createManualClock()),
  alarms: [],
};

const workOf = (examined: Examined): unknown => {
  const { checks } = examine(examined) as { readonly checks: readonly { readonly name: string }[] };
  return checks.find(({ name }) => name === "work");
};

test("a node whose agent did not start is not ready to work, and doctor says until when", () => {
  expect(workOf(WELL)).toMatchObject({ ok: true });
  expect(workOf({ ...WELL, codingFrom: Date.UTC(2026, 10, 21, 23, 50) })).toMatchObject({
    ok: false,
    message: expect.stringContaining("No attempt begins here before 2026-11-21T23:50:00.000Z: the agent did not start"),
  });
});
