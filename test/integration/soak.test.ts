/** A small copy of `npm run soak`: mergers that are killed, a person who pushes, connections that are cut; nothing is violated. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const soak = fileURLToPath(new URL("../soak/run.mjs", import.meta.url));

test("what three mergers land under kills, cuts and a person's pushes lands once, tested, and loses nothing", async () => {
  const size = ["--items", "12", "--mergers", "3", "--batch", "3", "--drop", "30", "--minutes", "2"];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [soak, ...size]).catch((cause: unknown) => {
    // What it printed says what was violated.
    throw new Error(JSON.stringify(cause), { cause });
  });
  expect(stderr).toBe("");
  expect(stdout).toContain("| items that landed, each once | 12 of 12 |");
});
