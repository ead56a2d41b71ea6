import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseProjectConfig } from "./parse.ts";
import { ACP_PRESETS, COMMAND_PRESETS } from "./presets.ts";
import type { AgentConfig, Argv, ProjectConfig, ReviewerConfig } from "./project-config.ts";
import { projectNameFrom } from "./project-name.ts";
import { renderProjectConfig, type ProjectConfigDraft } from "./render.ts";
import { isSecretValue } from "./secret.ts";
import { branchProblem, remoteProblem, wordProblem } from "./text-rules.ts";

const DRAFT: ProjectConfigDraft = {
  project: "demo",
  base: "main",
  remote: "origin",
  agent: { kind: "scripted", env: [] },
  gate: [["npm", "test"]],
  gateBecause: "package.json has a test script",
  sandbox: "bwrap",
};

test("the file for a new repository reads well", () => {
  expect(renderProjectConfig(DRAFT)).toMatchInlineSnapshot(`
    "# How Skein works on this repository. Everybody with the repository can read this file: no secrets in it.
    project: demo

    # The branch that finished work lands on, and its repository: a remote's name, a URL or a path.
    base: main
    remote: origin

    # What does the work. scripted is built in and needs no key; command runs any program (run: [program, argument]);
    # acp talks to an agent over the Agent Client Protocol (run, or preset: claude-code, codex, gemini, opencode, …).
    # env: [NAME] passes variables of the node on, by name.
    agent:
      kind: scripted

    # Commands that must succeed, in this order and without a shell, on the exact tree that is about to land.
    # Chosen because: package.json has a test script
    gate:
      - [npm, test]

    # Agents and gate commands are shut in by bubblewrap. The other choices are podman and none (no protection).
    sandbox: bwrap

    # Hosts that sandboxed work may reach. None is the safe default: fetch what it needs beforehand, or name them.
    # network: { allow: [registry.npmjs.org] }

    # A node that is silent for the ttl loses its claim; the k-th node in line waits k times the stagger before it claims.
    claim: { ttl: 60s, stagger: 500ms }

    # How many attempts an item gets before a person is asked: in a row without progress, and in all.
    # flaky: how often a gate command that failed runs again before anybody is blamed.
    retries: { noProgress: 3, total: 8, flaky: 1 }

    # Who has to be content beyond the gate: commands (nobody), agent (reviewer: [program, argument]) or human; and how many
    # nodes other than the coder's have to see the gate green on the very tree that lands.
    # qa: { mode: human, fourEyes: true, witnesses: 1 }

    # What passed the gate lands together, so many at a time; the gate runs on the tree that all of them make.
    # resolver: an agent, written like the one above, that goes on with a branch which conflicts with the target branch.
    merge: { batch: 4 }

    # When a process is ended: its time in all, its silence, its output, what it takes of the machine.
    # limits: { agentWall: 60m, agentIdle: 10m, gateWall: 30m, gateIdle: 10m, output: 64MiB,
    #           agentCpu: 8h, memory: 8GiB, processes: 512, disk: 16GiB }

    # What an attempt, an item and a day may cost. unknown: whether work goes on when nobody knows what it has cost.
    # budget: { attempt: $2, item: $10, day: $50, unknown: refuse }
    "
  `);
});

test("without a sandbox the file says plainly what that means", () => {
  const text = renderProjectConfig({ ...DRAFT, sandbox: "none" });
  expect(text).toContain(
    "# WARNING: agents and gate commands run unsandboxed, with all rights of the user who runs Skein.",
  );
  expect(text).toContain("\nsandbox: none\n");
  expect(renderProjectConfig(DRAFT)).not.toContain("WARNING");
});

test("an empty gate says that nothing is checked", () => {
  const text = renderProjectConfig({ ...DRAFT, gate: [] });
  expect(text).toContain("Nothing is checked before landing");
  expect(parseProjectConfig(text, "skein.yaml")).toMatchObject({ ok: true, value: { gate: [] } });
});

test("a reason with line breaks stays a comment", () => {
  const text = renderProjectConfig({ ...DRAFT, gateBecause: "x\nsandbox: none\u2028remote: y\r\ntoken: z" });
  expect(parseProjectConfig(text, "skein.yaml")).toMatchObject({
    ok: true,
    value: { sandbox: "bwrap", remote: "origin" },
  });
});

const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "null",
    "true",
    "no",
    "~",
    "1",
    "1e3",
    ".inf",
    "0x1f",
    "a: b",
    "a #b",
    "# a",
    "- a",
    "[a]",
    "{a}",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "'",
    '"',
    "\\",
    "\\n",
    "a'b\"c",
    " a ",
    "---",
    "...",
    "a\nb: c",
    "\u2028",
    "\u0085",
    "\uFEFF",
    "\u007f",
    "🧶",
    "<<",
    "a,b",
    "",
  ),
);

const word = hostile.filter((text) => wordProblem(text) === undefined && !isSecretValue(text));
const argv: fc.Arbitrary<Argv> = fc
  .tuple(
    word.filter((text) => text !== ""),
    fc.array(word, { maxLength: 4 }),
  )
  .map(([program, rest]) => [program, ...rest]);
const env = fc.array(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/), { maxLength: 3 });
const agent: fc.Arbitrary<AgentConfig> = fc.oneof(
  env.map((env): AgentConfig => ({ kind: "scripted", env })),
  fc.tuple(argv, env).map(([run, env]): AgentConfig => ({ kind: "command", run, env })),
  fc
    .tuple(argv, fc.constantFrom("ask" as const, "allow" as const, "deny" as const), env)
    .map(([run, permissions, env]): AgentConfig => ({ kind: "acp", run, permissions, env })),
  fc
    .tuple(fc.constantFrom(...COMMAND_PRESETS), env)
    .map(([[preset, run], env]): AgentConfig => ({ kind: "command", preset, run, env })),
  fc
    .tuple(fc.constantFrom(...ACP_PRESETS), env)
    .map(([[preset, run], env]): AgentConfig => ({ kind: "acp", preset, run, permissions: "ask", env })),
);
const reviewerAgent: fc.Arbitrary<ReviewerConfig> = fc.oneof(
  fc.tuple(argv, env).map(([run, env]): ReviewerConfig => ({ kind: "acp", run, env })),
  fc
    .tuple(fc.constantFrom(...ACP_PRESETS), env)
    .map(([[preset, run], env]): ReviewerConfig => ({ kind: "acp", preset, run, env })),
);
const wallMs = fc.integer({ min: 1000, max: 604_800_000 });
const microUsd = fc.nat({ max: 1_000_000_000 });
const idleMs = fc.integer({ min: 100, max: 86_400_000 });

const config: fc.Arbitrary<ProjectConfig> = fc.record({
  project: hostile.map(projectNameFrom),
  base: hostile.filter((text) => text !== "" && branchProblem(text) === undefined),
  remote: word.filter((text) => text !== "" && remoteProblem(text) === undefined),
  agent,
  gate: fc.array(argv, { maxLength: 4 }),
  sandbox: fc.constantFrom("bwrap", "podman", "none"),
  network: fc.record({
    allow: fc.subarray(["registry.npmjs.org", "*.example.org", "localhost:4873", "xn--bcher-kva.example"]),
  }),
  claim: fc.record({ ttlMs: fc.integer({ min: 1000, max: 86_400_000 }), staggerMs: fc.nat({ max: 60_000 }) }),
  retries: fc.record({
    noProgress: fc.integer({ min: 1, max: 100 }),
    total: fc.integer({ min: 1, max: 100 }),
    flaky: fc.integer({ min: 0, max: 10 }),
  }),
  qa: fc
    .record({
      mode: fc.constantFrom("commands" as const, "agent" as const, "human" as const),
      reviewer: fc.option(fc.oneof(argv, reviewerAgent), { nil: undefined }),
      prompt: word,
      fourEyes: fc.boolean(),
      witnesses: fc.integer({ min: 0, max: 20 }),
    })
    .filter(({ mode, reviewer }) => mode !== "agent" || reviewer !== undefined)
    .map(({ reviewer, ...qa }) => ({
      ...qa,
      ...(reviewer === undefined ? {} : { reviewer }),
    })),
  merge: fc
    .record({ batch: fc.integer({ min: 1, max: 100 }), resolver: fc.option(agent, { nil: undefined }) })
    .map(({ batch, resolver }) => ({ batch, ...(resolver === undefined ? {} : { resolver }) })),
  limits: fc.record({
    agentWallMs: wallMs,
    agentIdleMs: idleMs,
    gateWallMs: wallMs,
    gateIdleMs: idleMs,
    outputBytes: fc.integer({ min: 1, max: 4_194_304 }).map((kib) => kib * 1024),
    agentCpuMs: wallMs,
    memoryBytes: fc.integer({ min: 64, max: 1_048_576 }).map((mib) => mib * 1024 ** 2),
    processes: fc.integer({ min: 8, max: 65_536 }),
    diskBytes: fc.integer({ min: 1, max: 1_048_576 }).map((mib) => mib * 1024 ** 2),
  }),
  ask: fc.record({ timeoutMs: wallMs, fallback: word }),
  budget: fc.record({
    attempt: fc.option(microUsd),
    item: fc.option(microUsd),
    day: fc.option(microUsd),
    unknown: fc.constantFrom("refuse", "allow"),
  }),
  prices: fc
    .dictionary(
      fc.stringMatching(/^[ -~]{0,20}$/).filter((name) => name !== "__proto__"),
      fc.record({
        input: microUsd,
        output: microUsd,
        cacheRead: fc.option(microUsd),
        cacheWrite: fc.option(microUsd),
      }),
      { maxKeys: 3, noNullPrototype: true },
    )
    .map((prices) => new Map(Object.entries(prices))),
});

test("every configuration that can be written reads back as itself", () => {
  fc.assert(
    fc.property(config, hostile, (config, gateBecause) => {
      expect(parseProjectConfig(renderProjectConfig({ ...config, gateBecause }), "skein.yaml")).toEqual({
        ok: true,
        value: config,
      });
    }),
    { numRuns: 200 },
  );
});

test("a hostile project name, branch or remote stays inside its own value, even where the file is then refused", () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, (project, base, remote) => {
      const text = renderProjectConfig({ ...DRAFT, project, base, remote });
      expect(parse(text)).toMatchObject({ project, base, remote, sandbox: "bwrap" });
      const parsed = parseProjectConfig(text, "skein.yaml");
      const keys = parsed.ok ? [] : parsed.error.problems.map(({ key }) => key);
      expect(keys.filter((key) => !["project", "base", "remote"].includes(key))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
