import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { createSessionNotes } from "./session-notes.ts";

const newDirectory = (): string => join(mkdtempSync(join(tmpdir(), "skein-sessions-")), "sessions");
const ITEM = "abcdefghijkl";
const ARGV = ["node", "agent.mjs"];

test("a session is remembered for its item and its agent, also by the next life of the node", () => {
  const directory = newDirectory();
  const notes = createSessionNotes(directory);
  expect(notes.get(ITEM, ARGV)).toBeUndefined();
  expect(notes.put(ITEM, ARGV, { id: "s-1" })).toEqual({ ok: true, value: undefined });
  expect(notes.put(ITEM, ARGV, { id: "s-1", costUsd: 0.5 })).toMatchObject({ ok: true });
  expect(createSessionNotes(directory).get(ITEM, ARGV)).toEqual({ id: "s-1", costUsd: 0.5 });
  expect(notes.get("zzzzzzzzzzzz", ARGV)).toBeUndefined();
  expect(notes.get(ITEM, ["other-agent"])).toBeUndefined();
  expect(readdirSync(directory)).toEqual([`${ITEM}.json`]);
});

test("a note that is damaged is none, and a directory that cannot be made is said", () => {
  const directory = newDirectory();
  const notes = createSessionNotes(directory);
  notes.put(ITEM, ARGV, { id: "s-1" });
  for (const damaged of ["", "{", "[]", "7", '{"id":7,"argv":["node","agent.mjs"]}']) {
    writeFileSync(join(directory, `${ITEM}.json`), damaged);
    expect(notes.get(ITEM, ARGV)).toBeUndefined();
  }
  writeFileSync(`${directory}-file`, "");
  const put = createSessionNotes(join(`${directory}-file`, "below")).put(ITEM, ARGV, { id: "s" });
  expect(put).toEqual({ ok: false, error: "The agent's session cannot be kept: ENOTDIR." });
});

test("only the newest notes are kept", () => {
  const directory = newDirectory();
  const notes = createSessionNotes(directory);
  const itemAt = (at: number): string => at.toString(36).padStart(12, "0");
  for (let at = 0; at < 505; at++) {
    notes.put(itemAt(at), ARGV, { id: "s" });
    utimesSync(join(directory, `${itemAt(at)}.json`), at + 1, at + 1);
  }
  expect(readdirSync(directory).length).toBeLessThanOrEqual(500);
  expect(notes.get(itemAt(0), ARGV)).toBeUndefined();
  expect(notes.get(itemAt(504), ARGV)).toEqual({ id: "s" });
});
