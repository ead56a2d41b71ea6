import { expect, test } from "vitest";
import type { Client } from "../client.ts";
import { Failure } from "../failure.ts";
import type { DemoItem } from "./answers.ts";
import type { DemoMesh } from "./mesh.ts";
import { silentReporter } from "./reporter.ts";
import { travel, type Travel } from "./travel.ts";
import type { Watch } from "./watch.ts";

const item = (id: string, overrides: Partial<DemoItem> = {}): DemoItem => ({
  id,
  title: `Title of ${id}`,
  stage: "Coding",
  epoch: 1,
  attempts: 0,
  claim: null,
  mergeCommit: null,
  activity: "",
  note: "",
  updatedAt: 0,
  ...overrides,
});

/** A node that answers with these items and says of each why it is where it is. */
const clientWith = (items: readonly DemoItem[]): Client => ({
  command: (name) =>
    Promise.resolve({ ok: true, value: name === "item.list" ? items : name === "nodes" ? [] : { why: ["It waits."] } }),
  readArtifact: () => {
    throw new Error("nobody asks for files");
  },
  readLog: () => Promise.reject(new Error("not asked here")),
  isRunning: true,
  login: () => Promise.reject(new Error("not asked here")),
  browserSessions: () => Promise.reject(new Error("not asked here")),
  endBrowserSession: () => Promise.reject(new Error("not asked here")),
  close: () => Promise.resolve(),
});

function setupTravel(
  looks: readonly (readonly DemoItem[])[],
  overrides: Partial<Travel> = {},
): Travel & { readonly killed: readonly string[] } {
  const killed: string[] = [];
  let turn = 0;
  let nowMs = 0;
  const items = (): readonly DemoItem[] => looks[Math.min(turn, looks.length - 1)] ?? [];
  const mesh: DemoMesh = {
    start: () => Promise.resolve(),
    living: () => ({ name: "alice", client: clientWith(items()) }),
    kill: (name) => void killed.push(name),
    gone: () => new Set(killed),
    check: () => undefined,
    stop: () => Promise.resolve(),
    killAll: () => undefined,
  };
  const watch: Watch = {
    look: () => {
      const seen = { snapshot: { items: items(), nodes: [] }, gone: mesh.gone(), news: [] };
      turn++;
      nowMs += 1_000;
      return Promise.resolve(seen);
    },
  };
  return {
    mesh,
    watch,
    reporter: silentReporter,
    signal: new AbortController().signal,
    first: "alice",
    items: ["one"],
    kill: false,
    limitMs: 60_000,
    elapsedMs: () => nowMs,
    killed,
    ...overrides,
  };
}

const heldBy = (name: string): Partial<DemoItem> => ({
  claim: { node: name, nodeName: name, epoch: 1, expired: false },
});
const done = item("one", { stage: "Done", mergeCommit: "abc" });

test("the travel ends when every item of its own is Done, whatever else is on the board", async () => {
  const arrived = await travel(
    setupTravel([
      [item("one"), item("other")],
      [done, item("other")],
    ]),
  );
  expect(arrived.snapshot.items).toEqual([done]);
});

test("the time limit names each unfinished item and why it waits", async () => {
  const options = setupTravel([[item("one"), item("two"), { ...done, id: "three" }]], {
    items: ["one", "two", "three"],
    limitMs: 100,
  });
  await expect(travel(options)).rejects.toEqual(
    new Failure("The time limit of 0.1 s has passed.\none Title of one: It waits.\ntwo Title of two: It waits."),
  );
});

test("an item that was archived is a failure at once", async () => {
  await expect(travel(setupTravel([[item("one", { stage: "Archived" })]]))).rejects.toThrow(
    /^Not every story is Done\.\none /,
  );
});

test("one node is killed in the middle of its attempt, and only one", async () => {
  const held = [item("one", heldBy("bob")), item("two", heldBy("carol"))];
  const options = setupTravel([held, held, held, held, [done]], { kill: true });
  await travel(options);
  expect(options.killed).toEqual(["bob"]);
});

test("a demo that was to kill and found nobody fails", async () => {
  await expect(travel(setupTravel([[item("one")], [done]], { kill: true }))).rejects.toThrow(
    /before a node could be killed/,
  );
});

test("an interrupt ends the travel with its failure", async () => {
  const controller = new AbortController();
  controller.abort(new Failure("The demo was interrupted.", 130));
  await expect(travel(setupTravel([[item("one")]], { signal: controller.signal }))).rejects.toMatchObject({
    exitCode: 130,
  });
});
