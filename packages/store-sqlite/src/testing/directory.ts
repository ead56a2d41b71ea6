/** A directory for one test, gone with it. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "skein-log-"));
  onTestFinished(() => {
    // The test may have made it read-only.
    chmodSync(directory, 0o700);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}
