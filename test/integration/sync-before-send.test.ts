/**
 * Persist before publish, as the kernel sees it: the write-ahead log that holds an op is synced before the op's first byte
 * leaves through any socket, to a peer or to the person who gave the command.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { waitForEqualDigests } from "../support/mesh.ts";
import { processesUnder } from "../support/processes.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { leak, readTrace } from "../support/write-order.ts";

const WAL = /log\.sqlite-wal$/;
const world = useWorld();

const hex = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

test("the judge of a trace finds what is sent before it is synced", () => {
  const write = `100 pwrite64(21</d/log.sqlite-wal>, "${hex("..Title..")}", 9, 0) = 9`;
  const sync = "100 fdatasync(21</d/log.sqlite-wal>) = 0";
  const send = `100 write(25<socket:[77]>, "${hex("{Title}")}", 7) = 7`;
  const judge = (...lines: readonly string[]): string | undefined => leak(readTrace(lines.join("\n")), "Title", WAL);
  expect(judge(write, sync, send)).toBeUndefined();
  expect(judge(write, send, sync)).toMatch(/sent at line 1 and its log synced only at line 2/);
  expect(judge(send, write, sync)).toMatch(/synced only/);
  expect(judge(write, send)).toMatch(/never synced/);
  expect(judge(sync, write, send)).toMatch(/never synced/);
  expect(judge(write, "100 fdatasync(22</d/other>) = 0", send)).toMatch(/never synced/);
  expect(judge(write, "100 fdatasync(21</d/log.sqlite-wal>) = -1 EIO (Input/output error)", send)).toMatch(
    /never synced/,
  );
  expect(judge(sync, send)).toMatch(/never written/);
  expect(judge(write, sync)).toMatch(/never sent/);
  // A sync that another thread began counts from when it has returned.
  const [begin, end] = ["100 fdatasync(21</d/log.sqlite-wal> <unfinished ...>", "100 <... fdatasync resumed>) = 0"];
  expect(judge(write, begin, end, send)).toBeUndefined();
  expect(judge(write, begin, send, end)).toMatch(/synced only at line 3/);
});

test("every op is synced before its first byte leaves through a socket", async () => {
  try {
    execFileSync("strace", ["-V"], { stdio: "ignore" });
  } catch (cause) {
    throw new Error("strace is not installed, and this test cannot look without it: install the package strace.", {
      cause,
    });
  }
  await world.found("alice");
  const trace = join(world.directory("trace"), "alice.strace");
  const calls = "trace=pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync";
  const alice = await world.start("alice", {
    slots: 0,
    wrapper: ["strace", "-f", "-y", "-qq", "-e", calls, "-e", "signal=none", "-s", "65535", "-xx", "-o", trace],
  });
  // She must be the one who is dialed: what a server sends is not masked, so that the op's bytes show in the trace.
  const bob = await world.join("bob", alice, { slots: 0, advertise: "ws://0.0.0.0:1" });

  const titles: string[] = [];
  for (let round = 1; round <= 6; round++) {
    // One alone, then several at once, which share a group commit.
    const batch = Array.from({ length: round }, (_, place) => `Needle ${round}-${place} ${"x".repeat(round)}`);
    titles.push(...batch);
    await Promise.all(batch.map((title) => alice.api.addItem({ title })));
  }
  await waitForEqualDigests([alice, bob]);

  // SIGTERM is for the node; strace ends with it.
  const node = processesUnder(alice.data).find((one) => !one.command.startsWith("strace"));
  if (node === undefined) throw new Error("the traced node is not running");
  process.kill(node.pid, "SIGTERM");
  await waitFor("the traced node to end", () => !alice.isRunning());

  const traced = readTrace(readFileSync(trace, "latin1"));
  const toPeer = traced.filter((call) => call.kind === "socket-write" && call.bytes.startsWith("82"));
  for (const title of titles) {
    expect(leak(traced, title, WAL), title).toBeUndefined();
    // An unmasked binary WebSocket message carried it: the peer's copy is among what was judged.
    expect(
      toPeer.some((call) => call.bytes.includes(Buffer.from(title).toString("hex"))),
      title,
    ).toBe(true);
  }
});
