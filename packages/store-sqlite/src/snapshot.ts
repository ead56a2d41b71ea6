/**
 * A consistent copy of an open log in another file, through the connection that has the log open: a second one would cost
 * the lock. SQLite copies page by page and takes what is written meanwhile along, so the node works on.
 */
import { err, ok, type Result } from "@skein/core";
import type { StoreError } from "@skein/node";
import type { Database } from "better-sqlite3";
import { storeError } from "./store-error.ts";
import { sqliteCode } from "./sqlite-error.ts";

/** 2 MiB between two looks at the event loop. */
const PAGES_PER_TURN = 512;

export async function copyDatabase(database: Database, target: string): Promise<Result<void, StoreError>> {
  try {
    await database.backup(target, { progress: () => PAGES_PER_TURN });
    return ok(undefined);
  } catch (cause) {
    if (!database.open) return err({ type: "disk-io", message: "the log was closed while it was copied" });
    return err(storeError(sqliteCode(cause), target));
  }
}
