/**
 * A night of unattended agents in a minute (`npm run rehearsal`, docs/testing.md): three nodes, one of them killed and started
 * again, one cut off, a provider that lets agents do no more, and an agent that spends more than it may.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

const RUN = join(import.meta.dirname, "../rehearsal/run.mjs");
const ONLY = "works,mends,throttled,lies-for-ever,daemons,crashes,spends";

test("seven stories end where they should, whatever happens to nodes, links, the provider and the money", async () => {
  const args = ["--stories", "7", "--minutes", "1", "--patience", "1.5", "--seed", "3", "--only", ONLY];
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGTERM"), 220_000);
  await once(child, "close");
  clearTimeout(timer);
  expect(child.exitCode, said).toBe(0);
  // It has lived through all of it.
  for (const words of ["bob is killed", "bob is started again", "carol is cut off", "carol is back", "do no more"]) {
    expect(said).toContain(words);
  }
}, 240_000);
