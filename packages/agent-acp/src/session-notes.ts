/**
 * The `SessionNotes` port on files: `<directory>/<item>.json`, which session an agent had for an item on this node.
 *
 * Another agent does not get it: sessions are kept together with the command they belong to. Losing a note costs an agent its
 * memory of the last attempt and nothing else, so what cannot be read is no note, and only the newest are kept.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { assert, err, ITEM_ID, ok } from "@skein/core";
import type { AgentSession, SessionNotes } from "@skein/node";

import { amountAt, listAt, textAt } from "./untrusted.ts";

const NOTES_MOST = 500;

export function createSessionNotes(directory: string): SessionNotes {
  const fileOf = (item: string): string => {
    assert(ITEM_ID.test(item), "a session's note is named by an item id");
    return join(directory, `${item}.json`);
  };
  return {
    get: (item, argv) => readNote(fileOf(item), argv),
    put: (item, argv, session) => {
      const file = fileOf(item);
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeFileSync(`${file}.part`, JSON.stringify({ ...session, argv }), { mode: 0o600 });
        renameSync(`${file}.part`, file);
        forgetOldest(directory);
        return ok(undefined);
      } catch (cause) {
        return err(`The agent's session cannot be kept: ${reasonOf(cause)}.`);
      }
    },
  };
}

function readNote(file: string, argv: readonly string[]): AgentSession | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(file, "utf8"));
    const id = textAt(note, "id");
    if (id === undefined || JSON.stringify(listAt(note, "argv")) !== JSON.stringify(argv)) return undefined;
    const costUsd = amountAt(note, "costUsd");
    return { id, ...(costUsd === undefined ? {} : { costUsd }) };
  } catch {
    // There is none, or it is damaged: then the agent starts afresh.
    return undefined;
  }
}

function forgetOldest(directory: string): void {
  const names = readdirSync(directory);
  if (names.length <= NOTES_MOST) return;
  const byAge = names
    .map((name) => ({ path: join(directory, name), at: statSync(join(directory, name)).mtimeMs }))
    .toSorted((a, b) => a.at - b.at);
  for (const { path } of byAge.slice(0, names.length - NOTES_MOST)) rmSync(path, { force: true });
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause);
