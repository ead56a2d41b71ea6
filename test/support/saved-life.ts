/**
 * A node's data directory as it was at one moment, put back as often as a test likes. The log is overwritten in place:
 * a copy beside it would be another incarnation, as every copy is.
 */
import { copyFileSync, cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const LOG = "log.sqlite";

/** Returns what puts it back. `kept` is a path that does not exist yet; no program may have the directory open. */
export function saveLife(data: string, kept: string): () => void {
  cpSync(data, kept, { recursive: true });
  return () => {
    for (const name of readdirSync(data)) {
      if (name !== LOG) rmSync(join(data, name), { recursive: true, force: true, maxRetries: 10 });
    }
    for (const name of readdirSync(kept)) {
      if (name === LOG) copyFileSync(join(kept, name), join(data, name));
      else cpSync(join(kept, name), join(data, name), { recursive: true });
    }
  };
}
