/** Data directories and tickets that will not do: one sentence each, the process ends, and what was there stays as it is. */
import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeAll, expect, test } from "vitest";

import { skeinBin } from "../support/build-check.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { type CommandResult, testEnvironment } from "../support/skein-command.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";
import { fillerIn, withReadOnly, withTinyDisk } from "./support/mounts.ts";
import { expectRefusal, snapshot } from "./support/refusal.ts";

const world = useWorld();
const ANY_PORTS = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
let alice: NodeProcess;

beforeAll(async () => {
  await world.found("alice");
  await world.found("stopped");
  alice = await world.start("alice");
});

/** A stopped node's directory, spoilt, must be refused by `up` and by a command, and stay as it is. */
async function expectRefusedEverywhere(data: string, says: readonly (string | RegExp)[]): Promise<void> {
  const before = snapshot(data);
  expectRefusal(await world.skein(["up", "--data", data, ...ANY_PORTS]), { code: 1, says });
  expectRefusal(await world.skein(["item", "add", "x", "--data", data]), { code: 1, says });
  expect(snapshot(data)).toEqual(before);
}

test("a directory that another process uses", async () => {
  const says = [`is in use by process ${alice.pid}`, "Stop that node first, or choose another data directory"];
  expectRefusal(await world.skein(["up", "--data", alice.data, ...ANY_PORTS]), { code: 1, says });
  // The one that runs does not notice, and commands go on through it.
  expect((await world.skein(["item", "add", "Still here", "--data", alice.data])).code).toBe(0);
  expect((await alice.api.items()).map((item) => item.title)).toEqual(["Still here"]);
});

test("a directory of another mesh than the ticket's", async () => {
  const { ticket } = await alice.api.invite("agent");
  const data = world.dataOf("stopped");
  const before = snapshot(data);
  const result = await world.skein(["up", "--data", data, "--ticket", ticket, ...ANY_PORTS]);
  expectRefusal(result, { code: 1, says: [`${data} belongs to another mesh`, "Choose another directory with --data"] });
  expect(snapshot(data)).toEqual(before);
});

test("a log from a newer version", async () => {
  await world.found("newer");
  const database = new Database(join(world.dataOf("newer"), "log.sqlite"));
  database.pragma("user_version = 99");
  database.close();
  await expectRefusedEverywhere(world.dataOf("newer"), ["was written by a newer Skein", "version 99", "Upgrade Skein"]);
});

/** Only `skein up` repairs a log; that it does is in test/nightly/damaged-log.test.ts. */
async function expectRefusedByCommands(name: string, says: readonly string[]): Promise<void> {
  const data = world.dataOf(name);
  const before = snapshot(data);
  for (const args of [["item", "add", "x"], ["item", "list"], ["verify"], ["doctor"]]) {
    expectRefusal(await world.skein([...args, "--data", data]), { code: 1, says });
  }
  expect(snapshot(data)).toEqual(before);
}

test("a log with damaged bytes", async () => {
  await world.found("damaged");
  const file = openSync(join(world.dataOf("damaged"), "log.sqlite"), "r+");
  // The second page, from its header on.
  writeSync(file, Buffer.alloc(3_000, 0xa5), 0, 3_000, 4_096);
  closeSync(file);
  await expectRefusedByCommands("damaged", ["log.sqlite is damaged", "`skein up` puts it aside"]);
});

test("a log with one flipped bit in a signed frame", async () => {
  await world.found("flipped");
  const path = join(world.dataOf("flipped"), "log.sqlite");
  const bytes = readFileSync(path);
  const at = bytes.indexOf("skein", bytes.indexOf("mesh.genesis"));
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await expectRefusedByCommands("flipped", ["frame 1 is not what was written", "`skein up` puts it aside"]);
});

test("a file that is no log, beside a node's key", async () => {
  await world.found("foreign");
  writeFileSync(join(world.dataOf("foreign"), "log.sqlite"), "Dear diary\n".repeat(1_000));
  await expectRefusedByCommands("foreign", ["log.sqlite is damaged (its first bytes are wrong)"]);
});

test("a file that is no log, and no key", async () => {
  const data = world.directory("nodes/diary");
  writeFileSync(join(data, "log.sqlite"), "Dear diary\n".repeat(1_000));
  await expectRefusedEverywhere(data, ["is not a log of Skein", "left as it is"]);
});

test("a damaged key", async () => {
  await world.found("keyless");
  writeFileSync(join(world.dataOf("keyless"), "node.key"), "oops\n");
  await expectRefusedEverywhere(world.dataOf("keyless"), ["node.key is damaged", "Put its backup in place"]);
});

test("a directory on a read-only disk", async () => {
  const data = world.dataOf("stopped");
  const before = snapshot(data);
  for (const args of [
    ["up", ...ANY_PORTS],
    ["item", "add", "x"],
  ]) {
    const result = await wrapped(withReadOnly(data), [...args, "--data", data]);
    expectRefusal(result, { code: 1, says: ["cannot be written by this user", "choose another data directory"] });
  }
  expect(snapshot(data)).toEqual(before);
});

test("a new directory on a read-only disk", async () => {
  const place = world.directory("read-only-place");
  const result = await wrapped(withReadOnly(place), ["init", "--data", join(place, "data")]);
  expectRefusal(result, { code: 1, says: ["cannot be made", "Choose another with --data"] });
  expect(snapshot(place).size).toBe(0);
});

test("an expired and a spent ticket", async () => {
  const expiring = await alice.api.invite("agent", "1s");
  await waitFor("the ticket to expire", () => Date.now() > expiring.expires);
  const late = world.dataOf("late");
  expectRefusal(await world.skein(["up", "--data", late, "--ticket", expiring.ticket, ...ANY_PORTS]), {
    code: 1,
    says: ["The ticket has expired", "Ask for a new one: `skein invite` prints it"],
  });
  expect(existsSync(late)).toBe(false);

  const { ticket } = await alice.api.invite("observer");
  const first = await world.start("first", { ticket, rendezvous: [alice.endpoints.peer] });
  await waitFor("the first one to join", async () => (await alice.api.members()).members.length === 2);
  const before = await alice.api.digest();
  const second = await world.skein([
    "up",
    "--data",
    world.dataOf("second"),
    "--ticket",
    ticket,
    ...ANY_PORTS,
    "--json-log",
  ]);
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(
    /^skein: .* does not let this node in: the ticket was used already; ask for a new one\.$/m,
  );
  expect((await alice.api.digest()).digest).toBe(before.digest);
  expect((await first.stop()).code).toBe(0);
});

test.each(["--listen", "--http"])(
  "a port of %s that another program uses ends the start and leaves nothing",
  async (flag) => {
    const taken = await takenPort();
    const address = `127.0.0.1:${taken.port}`;
    const says = [`address ${address} is in use by another program`, `choose another port with ${flag}`];
    const ports = [...ANY_PORTS, flag, address];
    expectRefusal(await world.skein(["up", "--data", world.dataOf("stopped"), ...ports]), { code: 1, says });
    expect(existsSync(join(world.dataOf("stopped"), "endpoints.json"))).toBe(false);
    expect((await world.skein(["verify", "--data", world.dataOf("stopped")])).code).toBe(0);

    const { ticket } = await alice.api.invite("agent");
    const data = world.dataOf("unborn");
    expectRefusal(await world.skein(["up", "--data", data, "--ticket", ticket, ...ports]), { code: 1, says });
    expect(existsSync(data)).toBe(false);
    taken.server.close();
  },
);

test("a disk that is full: commands fail by name, the node stays up and says so, and goes on when there is room", async () => {
  await world.found("full");
  const at = world.directory("tiny-disk");
  const data = world.dataOf("full");
  const node = await world.start("full", { wrapper: withTinyDisk({ at, data, bytes: 2 * 1024 * 1024 }), slots: 0 });
  const kept = await node.api.addItem({ title: "Kept" });
  const disk = fillerIn(node.pid, at);
  disk.fill();

  // Room that the log took before still takes some; every "ok" until then must hold.
  const acknowledged = [kept.id];
  const refused = await waitFor("the disk to be full for the log too", async () => {
    const answer = await node.api.tryCommand<{ readonly id: string }>("item.add", {
      title: `Item ${acknowledged.length}`,
      text: "x".repeat(12_000),
    });
    if (answer.ok) acknowledged.push(answer.value.id);
    return answer.ok ? undefined : answer;
  });
  expect(refused).toMatchObject({ status: 507, error: { code: "not-saved" } });
  expect(refused.error.message).toMatch(
    /^Nothing was saved: the disk that holds .*log\.sqlite is full; free some space/,
  );
  const command = await world.skein(["item", "add", "x", "--text", "-", "--data", data], { stdin: "y".repeat(12_000) });
  expectRefusal(command, { code: 1, says: ["Nothing was saved", "free some space and try again"] });

  const health = await fetch(`${node.endpoints.http}/healthz`);
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: "degraded", reasons: [expect.stringContaining("is full")] });
  const doctor = await world.skein(["doctor", "--data", data]);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(/^BAD +disk: Nothing can be saved: .* is full.*the node goes on by itself\.$/m);
  // What is there can still be read, and memory holds nothing that the disk does not.
  expect((await node.api.items()).map((item) => item.id).toSorted()).toEqual(acknowledged.toSorted());

  await disk.free();
  await waitFor("the node to notice by itself", async () => (await fetch(`${node.endpoints.http}/healthz`)).ok, {
    withinMs: 10_000,
  });
  const after = await node.api.addItem({ title: "After" });
  expect((await fetch(`${node.endpoints.http}/healthz`)).status).toBe(200);
  expect((await node.api.items()).map((item) => item.id).toSorted()).toEqual([...acknowledged, after.id].toSorted());
  expect(await node.api.command("verify")).toMatchObject({ ops: acknowledged.length + 2 });

  // A node whose disk is full can still be told to stop.
  disk.fill();
  await waitFor("the disk to be full again", async () => {
    const answer = await node.api.tryCommand("item.add", { title: "Too much", text: "x".repeat(12_000) });
    return !answer.ok;
  });
  expect((await node.stop()).code).toBe(0);
});

async function takenPort(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return { server, port: address.port };
}

function wrapped(
  wrapper: readonly string[],
  args: readonly string[],
): Promise<Pick<CommandResult, "code" | "stdout" | "stderr">> {
  const [program = "", ...rest] = [...wrapper, process.execPath, skeinBin(), ...args];
  const home = world.directory("home");
  return new Promise((resolve) => {
    execFile(program, rest, { cwd: home, env: testEnvironment(home), timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}
