/** Bug 513: a command that was to report drift "healed" it, by deleting what it did not expect. Here looking only looks. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { COMMANDS, createReplica, foundMesh } from "@skein/core";
import { createNodeCrypto, createSigner } from "@skein/node";
import { openLogStore } from "@skein/store-sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";

import { connect } from "../../apps/skein/src/client.ts";
import { openDataDirectory } from "../../apps/skein/src/data-directory.ts";
import { init } from "../../apps/skein/src/init.ts";

const root = mkdtempSync(join(tmpdir(), "skein-513-"));
const data = join(root, "node");
const repository = join(root, "repository");
let item = "";

beforeAll(async () => {
  const git = (...args: readonly string[]): unknown =>
    execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.com", "-C", repository, ...args]);
  mkdirSync(repository);
  git("init", "--quiet", "--initial-branch=main");
  git("commit", "--quiet", "--allow-empty", "--message", "Begin");
  await init({ data, project: undefined, name: "alice", mesh: "home" });
  const client = await connect(data);
  const added = await client.command("item.add", { title: "Look at me" });
  item = added.ok ? (added.value as { readonly id: string }).id : "";
  await client.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Every frame and fact that the store has, in bytes. */
function stored(directory: string): readonly string[] {
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  const frames = [...opened.value.frames(1)].map(({ bytes }) => Buffer.from(bytes).toString("hex"));
  const facts = ["mesh", "incarnation", "name", "boot"].map((key) => String(opened.value.getMeta(key)));
  opened.value.close();
  return [...frames, ...facts];
}

/** What a person asks of the node itself, by name. */
const ACTING: ReadonlySet<string> = new Set([
  "checkpoint",
  "compact",
  "doctor.seen",
  "project.begin",
  "project.practice",
]);

/** What an item without an attempt has nothing of. */
const NOTHING_TO_SHOW: ReadonlySet<string> = new Set(["item.diff"]);

test("no command that reads changes a frame, a fact or a file", async () => {
  const before = stored(data);
  const files = new Set(readdirSync(data, { recursive: true, encoding: "utf8" }));
  const reading = COMMANDS.filter(({ effect, name }) => effect !== "writes" && !ACTING.has(name));
  expect(reading.length).toBeGreaterThan(8);
  const client = await connect(data);
  for (const { name, positional } of reading) {
    const given = { item, path: repository };
    const input = Object.fromEntries(Object.entries(given).filter(([field]) => positional.includes(field)));
    const answer = await client.command(name, input);
    expect([name, answer.ok]).toEqual([name, !NOTHING_TO_SHOW.has(name)]);
  }
  await client.close();
  expect(stored(data)).toEqual(before);
  expect(new Set(readdirSync(data, { recursive: true, encoding: "utf8" }))).toEqual(files);
});

test("a log that does not fit together is reported and kept as it is, byte by byte", async () => {
  const crypto = createNodeCrypto();
  const directory = join(root, "damaged");
  const signer = createSigner(new Uint8Array(32).fill(7));
  const own = { signer, incarnation: new Uint8Array(8) };
  const { mesh, frame } = foundMesh({ ...own, meshName: "m", nodeName: "alice", wallMs: 1 }, crypto);
  const replica = createReplica(mesh, crypto);
  replica.take(frame.bytes);
  const bodies = ["one", "two", "three"].map((name) => ({
    kind: "project.set" as const,
    name,
    remote: "/r",
    base: "main",
    config: "",
  }));
  const later = bodies.flatMap((body) => {
    replica.write([{ entity: "mesh", on: null, body }], own, 1);
    return replica.seal(own);
  });
  const data = openDataDirectory(directory, { create: true });
  // The frame in the middle is gone: drift that a program could be tempted to heal.
  const kept = [frame, ...later.filter((_, index) => index !== 1)];
  data.store.append(kept.map(({ bytes }, index) => ({ position: index + 1, bytes })));
  data.store.putMeta("mesh", mesh);
  data.close();

  const before = readFileSync(join(directory, "log.sqlite"));
  await expect(connect(directory)).rejects.toThrow("does not fit together");
  expect(readFileSync(join(directory, "log.sqlite")).equals(before)).toBe(true);
});
