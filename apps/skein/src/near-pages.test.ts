/** What a node learns of the pages of its neighbours on one machine, and whom it does not believe. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createNearPages, machineMark, type NearPages, type NearPagesOptions } from "./near-pages.ts";

const MESH = "a1".repeat(32);
const [ALICE, BOB] = ["01".repeat(32), "02".repeat(32)] as const;
const PAGE = "http://127.0.0.1:4711";

let root: string;
let directory: string;
let nowMs: number;
const troubles: unknown[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "skein-near-"));
  directory = join(root, "skein", "pages");
  nowMs = 0;
  troubles.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const setupPages = (given: Partial<NearPagesOptions> = {}): NearPages =>
  createNearPages({
    directory,
    mesh: MESH,
    machine: "here",
    nowMs: () => nowMs,
    onTrouble: (cause) => troubles.push(cause),
    ...given,
  });

/** What alice finds when bob has left this. */
function found(given: Partial<NearPagesOptions>, page: string = PAGE): readonly unknown[] {
  setupPages(given).tell(BOB, page);
  const alice = setupPages();
  alice.tell(ALICE, "http://127.0.0.1:1");
  return [...alice.others()];
}

test("two nodes of one user on one machine know each other's page, and none of them its own", () => {
  expect(found({})).toEqual([[BOB, PAGE]]);
  expect(found({}, "http://localhost:4712")).toEqual([[BOB, "http://localhost:4712"]]);
  expect(found({}, "https://[::1]:4712")).toEqual([[BOB, "https://[::1]:4712"]]);
});

test("another mesh, and another machine with the same home directory, are no neighbours", () => {
  expect(found({ mesh: "b2".repeat(32) })).toEqual([]);
  expect(found({ machine: "elsewhere" })).toEqual([]);
});

test.each([
  "http://192.0.2.7:4711",
  "http://evil.example",
  "http://127.0.0.1:4711/page",
  "http://127.0.0.1:4711; script-src *",
  "javascript:alert(1)",
  "",
])("%s is no page of this machine's own", (page) => {
  expect(found({}, page)).toEqual([]);
});

test("whoever tells nothing of itself is told nothing", () => {
  setupPages().tell(BOB, PAGE);
  expect([...setupPages().others()]).toEqual([]);
});

test("a node that stops is no neighbour any more, and one that comes is found a little later", () => {
  const [alice, bob] = [setupPages(), setupPages()];
  alice.tell(ALICE, "http://127.0.0.1:1");
  expect([...alice.others()]).toEqual([]);
  bob.tell(BOB, PAGE);
  nowMs += 3_000;
  expect([...alice.others()]).toEqual([[BOB, PAGE]]);
  bob.withdraw();
  nowMs += 3_000;
  expect([...alice.others()]).toEqual([]);
  expect(readdirSync(directory)).toHaveLength(1);
});

test("what is no file of a node is passed over: garbage, links out, long ones, other names", () => {
  const alice = setupPages();
  alice.tell(ALICE, "http://127.0.0.1:1");
  const good = JSON.stringify({ mesh: MESH, machine: "here", page: PAGE });
  const named = (node: string): string => join(directory, `${MESH.slice(0, 16)}-${node}.json`);
  writeFileSync(named("03".repeat(32)), "{");
  writeFileSync(named("04".repeat(32)), "null");
  writeFileSync(named("05".repeat(32)), good + " ".repeat(2_000));
  writeFileSync(join(directory, "x.json"), good);
  symlinkSync("/dev/zero", named("06".repeat(32)));
  symlinkSync(named("07".repeat(32)), named("07".repeat(32)));
  expect([...alice.others()]).toEqual([]);
});

test("only this user may write there; elsewhere nothing is told", () => {
  setupPages().tell(ALICE, PAGE);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  chmodSync(directory, 0o777);
  const bob = setupPages();
  bob.tell(BOB, PAGE);
  expect(troubles).toHaveLength(1);
  expect([...bob.others()]).toEqual([]);
  expect(readdirSync(directory)).toHaveLength(1);
});

test("a machine goes by one mark", () => {
  expect(machineMark()).toMatch(/^[0-9a-f]{32}$/);
  expect(machineMark()).toBe(machineMark());
});
