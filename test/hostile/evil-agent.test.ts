/**
 * An attacker as the agent of a real node, and its work as the gate: no probe comes through, each by its number, whatever
 * way the run ends; and the next attempt on that node lands as if nothing had been.
 *
 * That the probes are any good is shown by the same agent without a sandbox: there the harmless ones come through.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { useWorld, type World } from "../support/world.ts";
import { inStage, printed } from "../e2e/support/items.ts";
import { repositoryOf } from "./support/repository-of.ts";

const SECRET = "the-secret-that-no-agent-may-see";
const ABSTRACT = "skein-evil-agent";

const LIMITS =
  "{ agentWall: 60s, agentIdle: 5s, output: 8MiB, agentCpu: 60s, memory: 256MiB, processes: 64, disk: 64MiB }";

interface Stage {
  readonly project: Project;
  readonly node: NodeProcess;
  readonly victim: string;
  readonly canaries: string;
  readonly home: string;
  /** Files of the node's user before anything ran. */
  readonly before: readonly string[];
  readonly attack: (more: Readonly<Record<string, unknown>>) => Promise<string>;
}

async function prepare(world: World, sandbox: string, name: string): Promise<Stage> {
  const home = world.directory("home");
  const canaries = world.directory(`canaries-${name}`);
  mkdirSync(join(home, ".ssh"), { recursive: true });
  writeFileSync(join(home, ".ssh", "id_ed25519"), SECRET);
  const project = await world.project({
    name: `project-${name}`,
    files: { "evil-agent.mjs": readFileSync(join(import.meta.dirname, "support", "evil-agent.mjs"), "utf8") },
    config: {
      sandbox,
      agent: "{ kind: command, run: [node, evil-agent.mjs] }",
      gate: "[[node, evil-agent.mjs, gate]]",
      retries: "{ noProgress: 1, total: 1 }",
      limits: LIMITS,
    },
  });
  await world.found(name, project);
  const before = filesIn(home);
  const node = await world.start(name, { env: { SECRET_OF_THE_NODE: SECRET } });
  const { id: victim } = await node.api.addItem({ title: "Somebody else's item" });
  const target = {
    // Backwards, as the node keeps its own secrets out of stories.
    terces: SECRET.split("").toReversed().join(""),
    home,
    canaries,
    victim,
    data: node.data,
    http: node.endpoints.http,
    peer: node.endpoints.peer.replace("ws:", "http:"),
    pid: node.pid,
    remote: project.remote,
    socket: join(world.directory("."), "socket"),
    abstract: ABSTRACT,
  };
  return {
    project,
    node,
    victim,
    canaries,
    home,
    before,
    attack: async (more) => {
      const text = `${JSON.stringify({ ...target, ...more })}\n`;
      return (await node.api.addItem({ title: `Attack ${JSON.stringify(more).slice(0, 80)}`, text, start: true })).id;
    },
  };
}

const world = useWorld();
let servers: readonly Server[] = [];
const connections: string[] = [];

beforeAll(async () => {
  const listen = (path: string, name: string): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        connections.push(name);
        socket.destroy();
      });
      server.listen(path, () => resolve(server));
    });
  servers = [await listen(join(world.directory("."), "socket"), "file"), await listen(`\0${ABSTRACT}`, "abstract")];
});
afterAll(() => {
  for (const server of servers) server.close();
});

/** The word of each probe in an attempt's output, by number. */
function wordsOf(output: string): ReadonlyMap<number, string> {
  return new Map([...output.matchAll(/^probe (\d+) (.*)$/gm)].map(([, number, word = ""]) => [Number(number), word]));
}

const isThrough = (word: string | undefined): boolean => word?.startsWith("SUCCEEDED") === true;

const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted();

/** Command lines and working directories of this machine that name this. */
const processesNaming = (word: string): readonly string[] =>
  readdirSync("/proc").flatMap((name) => {
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ");
      return line.includes(word) ? [line] : [];
    } catch {
      return [];
    }
  });

async function expectUnharmed(stage: Stage): Promise<void> {
  const { node, project, canaries, before, home } = stage;
  expect(readdirSync(canaries)).toEqual([]);
  expect(filesIn(home)).toEqual(before);
  expect(existsSync(join(node.data, "16"))).toBe(false);
  expect(connections).toEqual([]);
  expect(processesNaming("attempts/")).toEqual([]);
  const id = await stage.attack({ mode: "honest" });
  await inStage(node.api, id, "Done", 90_000);
  expect(await project.git(["show", "main:honest.txt"], project.remote)).toBe(id);
}

describe.each(["bwrap", "podman"])("shut in by %s", (sandbox) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await prepare(world, sandbox, `alice-${sandbox}`);
    const other = join(repositoryOf(stage.node), "attempts", "other");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, "work"), SECRET);
  });

  /** Everything that prints a word. */
  const ASKED = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    33, 38, 40, 41, 42, 43, 44, 45, 47, 51, 52, 53,
  ];
  const IN_GATE = [1, 2, 4, 5, 7, 8, 10, 19, 20, 22, 23, 24, 25, 27, 28, 30, 40, 41, 42];

  test("no probe comes through, neither of the agent nor of the gate that runs its work", async () => {
    const { node, project, attack, victim } = stage;
    const id = await attack({ mode: "probes", gate: IN_GATE });
    const item = await inStage(node.api, id, "Done", 90_000);
    const output = await printed(node.api, id);
    const [agent = "", gate = ""] = output.split("── skein: Gate on tree");
    expect([...wordsOf(agent).keys()].toSorted((a, b) => a - b)).toEqual(ASKED);
    expect([...wordsOf(gate).keys()].toSorted((a, b) => a - b)).toEqual(IN_GATE);
    for (const words of [wordsOf(agent), wordsOf(gate)]) {
      expect([...words].filter(([, word]) => isThrough(word))).toEqual([]);
    }
    // 31, 38: what it left running is gone. 44, 45: the remote has what Skein pushed and nothing else.
    expect(processesNaming("daemon-of-the-evil-agent")).toEqual([]);
    expect(processesNaming("sleep 3000")).toEqual([]);
    expect((await project.branches()).filter((name) => name !== "main" && !name.startsWith("skein/"))).toEqual([]);
    expect(
      await project.git(
        ["for-each-ref", "--format=%(refname)", "refs/tags", "refs/notes", "refs/skein"],
        project.remote,
      ),
    ).toBe("");
    expect((await landingOf(project, id)).commit).toBe(item.mergeCommit);
    // 51: only the node has written to the log, and nobody has approved anything. 52, 53: nothing was asked or passed.
    expect(await node.api.item(victim)).toMatchObject({ stage: "Backlog", attempts: 0 });
    expect((await project.landed()).flatMap(({ items }) => items)).not.toContain(victim);
    expect(await node.api.get(`/items/${id}`)).toMatchObject({ asked: [] });
    const kinds = (await node.api.history(id)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "item.pass" || kind === "item.land")).toHaveLength(2);
    const { stdout } = await world.skein(["logs", id, "--data", node.data]);
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|b3duZWQ/);
    expect(output).not.toContain(readFileSync(join(node.data, "token"), "utf8").trim());
    await expectUnharmed(stage);
  });

  test.each([
    [32, "bomb", "passed its processes limit"],
    [34, "fill", "passed its disk limit"],
    [35, "flood", "passed its output limit"],
    [36, "deaf", "passed its idle limit"],
    [37, "stop", "passed its idle limit"],
    [39, "hoard", "passed its memory limit"],
    [48, "many", "passed its disk limit"],
    [50, "lie", "left no commit"],
  ])("probe %i (%s): the attempt is over, and says that it %s", async (_number, mode, words) => {
    const { node, attack } = stage;
    const id = await attack({ mode });
    const item = await inStage(node.api, id, "Archived", 90_000);
    expect(item.archiveReason).toBe("Blocked");
    const notes = (await node.api.history(id)).map(({ note }) => note ?? "");
    expect(notes.join("\n")).toContain(words);
    expect((await node.api.doctor()).checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each([
    [46, "submodule"],
    [49, "collision"],
    [54, "rewrite"],
    [55, "blob"],
    [56, "nowhere"],
  ])("probe %i (%s): the branch is refused and nothing of it runs here", async (_number, mode) => {
    const { node, attack, project } = stage;
    const before = await project.git(["rev-parse", "main"], project.remote);
    const id = await attack({ mode });
    await inStage(node.api, id, "Archived", 90_000);
    expect(await project.git(["rev-parse", "main"], project.remote)).toBe(before);
  });

  test("after all of that the node works on, unharmed", async () => {
    await expectUnharmed(stage);
    expect(isThrough(wordsOf("probe 1 SUCCEEDED: x").get(1))).toBe(true);
  });
});

test("without a sandbox the same probes come through: they are real ones", async () => {
  const stage = await prepare(world, "none", "bob");
  const harmless = [1, 2, 4, 5, 7, 8, 9, 10, 13, 14, 15, 16, 17, 18, 23, 24, 27, 29];
  const id = await stage.attack({ only: harmless });
  await inStage(stage.node.api, id, "Archived", 90_000);
  const words = wordsOf(await printed(stage.node.api, id));
  expect([...words].filter(([, word]) => !isThrough(word))).toEqual([]);
  expect([...words.keys()]).toEqual(harmless);
  expect(readdirSync(stage.canaries)).toEqual(["15"]);
  expect(connections).toEqual(["file"]);
});
