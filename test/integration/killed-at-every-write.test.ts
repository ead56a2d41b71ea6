/**
 * kill -9 before every write, sync, rename and removal of a scripted life: made by `init`, started, five commands, a
 * landing, stopped. Whatever was acknowledged is there afterwards, the log verifies, nothing lands twice, nothing blocks.
 *
 * A sample by default; all points with SKEIN_FAULT_POINTS=all, which takes about an hour and prints figures.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

import { type Api, createApi } from "../support/api-client.ts";
import { dyingAt, KILLED, pointsIn, recording, report, requireStrace, sampleOf, spread } from "../support/injection.ts";
import { expectSoundLogs, waitForStage } from "../support/mesh.ts";
import type { NodeProcess, SpawnedNode } from "../support/node-process.ts";
import { killNow, processesUnder } from "../support/processes.ts";
import { landingOf, type Project } from "../support/project.ts";
import { saveLife } from "../support/saved-life.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const LONG_MS = 6 * 60 * 60_000;
const START_MS = 30_000;

/** What the node has said "ok" to. */
interface Acknowledged {
  landing?: string;
  edited?: string;
  held?: string;
  readonly items: string[];
}

/** The five commands; ends early when the node dies. Returns what was acknowledged. */
async function live(api: Api): Promise<Acknowledged> {
  const acknowledged: Acknowledged = { items: [] };
  try {
    const landing = await api.addItem({ title: "Land me", start: true });
    acknowledged.landing = landing.id;
    acknowledged.items.push(landing.id);
    const { id } = await api.addItem({ title: "Before" });
    acknowledged.items.push(id);
    await api.command("item.edit", { item: id, title: "After" });
    acknowledged.edited = id;
    await api.command("item.hold", { item: id, reason: "wait" });
    acknowledged.held = id;
    acknowledged.items.push((await api.addItem({ title: "Last" })).id);
    await waitFor("the item to land", async () => (await api.item(landing.id)).stage === "Done", {
      withinMs: START_MS,
    });
  } catch {
    // It died, which is the point; what it said until then counts.
  }
  return acknowledged;
}

const isGone = ({ child }: SpawnedNode): boolean => child.exitCode !== null || child.signalCode !== null;

/** The process of the node itself, behind strace. */
const nodeUnder = (data: string): number | undefined =>
  processesUnder(data).find((one) => one.command.includes(" up --data") && !one.command.startsWith("strace"))?.pid;

/** Starts under strace, lives, is told to stop; dies somewhere on the way or not. */
async function runOnce(name: string, data: string, wrapper: readonly string[]): Promise<Acknowledged> {
  const spawned = world.spawn(name, { data, wrapper });
  const file = join(data, "endpoints.json");
  await waitFor("the node to be up or dead", () => existsSync(file) || isGone(spawned), { withinMs: START_MS });
  let acknowledged: Acknowledged = { items: [] };
  if (existsSync(file)) {
    const { http } = JSON.parse(readFileSync(file, "utf8")) as { readonly http: string };
    acknowledged = await live(createApi(name, http, readFileSync(join(data, "token"), "utf8").trim()));
  }
  const pid = nodeUnder(data);
  if (pid !== undefined) process.kill(pid, "SIGTERM");
  // strace ends with the last of what it watches: an agent whose node died works to its end.
  await waitFor("the node and its children to be gone", () => isGone(spawned), { withinMs: START_MS });
  return acknowledged;
}

async function expectAllThere(node: NodeProcess, acknowledged: Acknowledged, project: Project): Promise<void> {
  const items = new Map((await node.api.items()).map((item) => [item.id, item]));
  expect(acknowledged.items.filter((id) => !items.has(id))).toEqual([]);
  const { edited, held } = acknowledged;
  expect(edited === undefined ? "After" : items.get(edited)?.title).toBe("After");
  expect(held === undefined ? "wait" : items.get(held)?.hold).toBe("wait");
  // One feed, one incarnation, no alarm: a kill is no damage.
  const { heads, ops } = await node.api.digest();
  expect(Object.values(heads)).toEqual([ops]);
  const { incidents, checks } = await node.api.doctor();
  expect([...incidents, ...checks].filter((one) => JSON.stringify(one).includes("alarm"))).toEqual([]);
  if (acknowledged.landing !== undefined) {
    await waitForStage([node], acknowledged.landing, "Done");
    await landingOf(project, acknowledged.landing);
  }
  await expectSoundLogs([node]);
}

function clear(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { recursive: true, force: true, maxRetries: 10 });
}

test(
  "a node killed at any of its writes has everything it said ok to, and lands once",
  { timeout: LONG_MS },
  async () => {
    requireStrace();
    const project = await world.project();
    const remote = world.directory("remote-as-it-was");
    cpSync(project.remote, remote, { recursive: true });
    await world.found("alice", project);
    const data = world.dataOf("alice");
    const putBack = saveLife(data, join(world.directory("kept"), "alice"));
    const trace = join(world.directory("traces"), "up.strace");

    expect(await runOnce("recorded", data, recording(trace))).toMatchObject({ items: { length: 3 } });
    const points = pointsIn(readFileSync(trace, "latin1"));
    expect(points.length).toBeGreaterThan(200);

    const restarts: number[] = [];
    let acknowledged = 0;
    let killed = 0;
    for (const [index, point] of sampleOf(points, 1).entries()) {
      const name = `${point.call}-${point.nth}`;
      clear([project.remote]);
      cpSync(remote, project.remote, { recursive: true });
      putBack();
      const died = join(dirname(trace), `${name}.strace`);
      const said = await runOnce(name, data, dyingAt(point, died));
      if (readFileSync(died, "latin1").includes(KILLED)) killed++;
      acknowledged += said.items.length;
      const before = performance.now();
      const node = await world.start(name, { data });
      restarts.push(performance.now() - before);
      await expectAllThere(node, said, project);
      expect(await node.stop()).toEqual({ code: 0, signal: null });
      for (const { pid } of processesUnder(data)) killNow(pid);
      await waitFor("nothing to be left of it", () => processesUnder(data).length === 0);
      clear([died]);
      process.stderr.write(`${name} ${killed} ${said.items.length} ${Math.round(restarts.at(-1) ?? 0)}\n`);
      if (index % 50 === 49) report({ done: index + 1, of: points.length });
    }
    report({ killPoints: killed, restarts: restarts.length, acknowledged, lost: 0, restartMs: spread(restarts) });
    expect(killed).toBeGreaterThan(0);
  },
);

test("an init killed at any of its writes does not block the next one", { timeout: LONG_MS }, async () => {
  requireStrace();
  const project = await world.project({ name: "fresh" });
  const traces = world.directory("traces");
  const place = world.directory("places");
  const run = (data: string, wrapper: readonly string[]): ReturnType<typeof world.skein> =>
    world.skein(["init", "--data", data, "--name", "alice", "--project", project.clone, "--json"], { wrapper });
  // Without one, init writes skein.yaml too.
  const yaml = join(project.clone, "skein.yaml");
  rmSync(yaml);
  const trace = join(traces, "init.strace");
  expect((await run(join(place, "recorded"), recording(trace))).code).toBe(0);
  const written = readFileSync(yaml, "utf8");
  const points = pointsIn(readFileSync(trace, "latin1"));

  let killed = 0;
  for (const point of sampleOf(points, 1)) {
    clear([yaml]);
    const data = join(place, `${point.call}-${point.nth}`);
    await run(data, dyingAt(point, trace));
    if (readFileSync(trace, "latin1").includes(KILLED)) killed++;
    const second = await run(data, []);
    // Either the second makes all of it, or the first came through to its last step.
    const said = second.code === 0 || second.stderr.includes("holds a node already") ? "" : second.stderr;
    expect({ point, said }).toEqual({ point, said: "" });
    expect(readFileSync(yaml, "utf8")).toBe(written);
    expect((await world.skein(["verify", "--data", data, "--json"])).json()).toMatchObject({ ok: true, frames: 2 });
    expect({ point, beside: readdirSync(place).filter((name) => name.includes(".init-")) }).toEqual({
      point,
      beside: [],
    });
    clear([data]);
  }
  report({ initKillPoints: killed });
});

test("a repair killed at any of its writes is completed by the next start", { timeout: LONG_MS }, async () => {
  requireStrace();
  const traces = world.directory("traces");
  await world.found("whole");
  for (const title of ["one", "two", "three"]) {
    expect((await world.skein(["item", "add", title, "--data", world.dataOf("whole")])).code).toBe(0);
  }
  const damagedCopy = (name: string): string => {
    cpSync(world.dataOf("whole"), world.dataOf(name), { recursive: true });
    const file = join(world.dataOf(name), "log.sqlite");
    truncateSync(file, 100);
    return file;
  };
  const before = readFileSync(damagedCopy("shape"));
  const trace = join(traces, "repair.strace");
  damagedCopy("repaired");
  const idle = { slots: 0 };
  const recorded = world.spawn("repaired", { ...idle, wrapper: recording(trace) });
  await waitFor("the repair to be done", () => existsSync(join(world.dataOf("repaired"), "endpoints.json")));
  process.kill(nodeUnder(world.dataOf("repaired")) ?? 0, "SIGTERM");
  await recorded.exited;
  const text = readFileSync(trace, "latin1");
  const points = pointsIn(text.slice(0, text.indexOf("endpoints.json.new")));

  let killed = 0;
  for (const point of sampleOf(points, 1)) {
    const name = `repair-${point.call}-${point.nth}`;
    damagedCopy(name);
    const data = world.dataOf(name);
    const first = world.spawn(name, { ...idle, wrapper: dyingAt(point, trace) });
    await waitFor("it to be up or dead", () => isGone(first) || existsSync(join(data, "endpoints.json")), {
      withinMs: START_MS,
    });
    const pid = nodeUnder(data);
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    await first.exited;
    if (readFileSync(trace, "latin1").includes(KILLED)) killed++;
    const node = await world.start(name, idle);
    const { checks } = await node.api.doctor();
    expect(checks.filter((check) => check.name === "alarm").map((check) => check.message)).toEqual([
      expect.stringContaining("was damaged"),
    ]);
    const [aside = ""] = readdirSync(join(data, "quarantine"));
    expect(readFileSync(join(data, "quarantine", aside, "damaged", "log.sqlite")).equals(before)).toBe(true);
    expect((await node.api.digest()).ops).toBe(0);
    await node.stop();
    clear([data]);
  }
  report({ repairKillPoints: killed });
});
