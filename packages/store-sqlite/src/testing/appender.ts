/**
 * A process of its own for tests that kill it: opens the log in the directory it is given and appends batch after batch,
 * saying each acknowledged position on standard output the moment it has the acknowledgement.
 */
import { writeSync } from "node:fs";
import { openLogStore } from "../index.ts";
import { batchAfter } from "./frames.ts";

const [directory = "", mode] = process.argv.slice(2);
const opened = openLogStore({ directory });
if (!opened.ok) {
  writeSync(1, `${JSON.stringify(opened.error)}\n`);
  process.exit(1);
}
const store = opened.value;
writeSync(1, "open\n");

const appendForEver = (): void => {
  for (;;) {
    const appended = store.append(batchAfter(store.lastPosition()));
    if (!appended.ok) throw new Error(appended.error.message);
    writeSync(1, `${store.lastPosition()}\n`);
  }
};

if (mode === "append") appendForEver();
// Otherwise only the lock is held.
else setInterval(() => undefined, 1_000);
