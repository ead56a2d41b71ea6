import type { BoardItem } from "@skein/core";
import { expect, test } from "vitest";
import {
  firstItem,
  type Found,
  hasLanded,
  isScripted,
  type Project,
  placeToLook,
  stateOf,
  stepOf,
  trackState,
} from "./progress.ts";

const item = (given: Partial<BoardItem>): BoardItem => ({
  id: "0123456789ab",
  project: "demo",
  title: "Say hello",
  type: "story",
  stage: "Coding",
  priority: 5,
  labels: [],
  dependsOn: [],
  hold: "",
  qa: "",
  generation: 0,
  epoch: 1,
  attempts: 1,
  claim: null,
  branch: null,
  commitsAhead: null,
  mergeCommit: null,
  landing: null,
  mergedAt: null,
  archivedAt: null,
  archiveReason: null,
  activity: "",
  note: "",
  questions: [],
  awaitsPerson: false,
  cost: { microUsd: 0, unknown: 0 },
  createdAt: 1,
  updatedAt: 1,
  revision: 1,
  ...given,
});

const project: Project = { name: "demo", remote: "/home/me/demo", base: "main", config: "" };
const found: Found = {
  path: "/home/me/demo",
  name: "demo",
  base: "main",
  remote: ".",
  landsIn: "/home/me/demo",
  dirty: false,
  hasConfig: false,
  gate: [["npm", "test"]],
  gateBecause: "package.json has a test script",
  agent: "scripted",
  agents: [],
  sandbox: "bwrap",
  sandboxBecause: "",
  obstacle: "",
};

test("each step follows from what the mesh has", () => {
  const nothing = { project: undefined, found: undefined, item: undefined, again: false };
  expect(stepOf(nothing)).toBe("project");
  expect(stepOf({ ...nothing, found })).toBe("rules");
  expect(stepOf({ ...nothing, project })).toBe("story");
  // What was looked at before counts no more once there is a project.
  expect(stepOf({ ...nothing, project, found })).toBe("story");
  expect(stepOf({ ...nothing, project, item: item({}) })).toBe("watch");
});

test("practice may be left behind, another project may not", () => {
  const practised = { project: { ...project, name: "practice" }, found: undefined, item: item({}), again: true };
  expect(stepOf(practised)).toBe("project");
  expect(stepOf({ ...practised, found })).toBe("rules");
  expect(stepOf({ ...practised, project })).toBe("watch");
});

test("a step is done, now or later", () => {
  expect([stateOf("project", "story"), stateOf("story", "story"), stateOf("watch", "story")]).toEqual([
    "done",
    "now",
    "later",
  ]);
});

test("the story that is followed is the first that may still land", () => {
  const archived = item({ id: "a", stage: "Archived", createdAt: 1 });
  const second = item({ id: "b", createdAt: 2 });
  const third = item({ id: "c", createdAt: 3 });
  expect(firstItem([third, archived, second])?.id).toBe("b");
  expect(firstItem([archived])?.id).toBe("a");
  expect(firstItem([])).toBeUndefined();
});

test("the stages before the present one are past, Done is never under way", () => {
  const states = (now: BoardItem["stage"]): string =>
    (["Coding", "Qa", "Merge", "Done"] as const).map((stage) => trackState(stage, now)).join(" ");
  expect(states("Backlog")).toBe("ahead ahead ahead ahead");
  expect(states("Coding")).toBe("now ahead ahead ahead");
  expect(states("Merge")).toBe("past past now ahead");
  expect(states("Done")).toBe("past past past past");
  expect(states("Archived")).toBe("ahead ahead ahead ahead");
});

test("what the target branch does not have has not landed", () => {
  expect(hasLanded(item({ stage: "Done", landing: "verified" }))).toBe(true);
  expect(hasLanded(item({ stage: "Done", landing: "refuted" }))).toBe(false);
  expect(hasLanded(item({ stage: "Merge" }))).toBe(false);
});

test("the scripted agent is found in both ways to write it, and not in a comment", () => {
  expect(isScripted({ config: "agent:\n  kind: scripted\n" })).toBe(true);
  expect(isScripted({ config: "agent: { kind: scripted }\n" })).toBe(true);
  expect(isScripted({ config: "# kind: scripted is built in\nagent: { kind: acp, preset: codex }\n" })).toBe(false);
});

test("a command to copy holds a plain path or none: a remote is data", () => {
  expect(placeToLook(project)).toBe("/home/me/demo");
  for (const remote of ["https://git.example/x.git", "/a b", "/x; rm -rf ~", "/$(id)", "--upload-pack=x"]) {
    expect(placeToLook({ remote })).toBe(".");
  }
});
