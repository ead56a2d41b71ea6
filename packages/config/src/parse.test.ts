import { expect, test } from "vitest";
import { parseProjectConfig } from "./parse.ts";
import type { ConfigProblem } from "./problem.ts";

const problemsOf = (text: string): readonly ConfigProblem[] => {
  const parsed = parseProjectConfig(text, "skein.yaml");
  return parsed.ok ? [] : parsed.error.problems;
};

/** `line:column key message` of each problem of a file that starts with a good `project` line. */
const said = (text: string): readonly string[] =>
  problemsOf(`project: demo\n${text}`).map(
    (problem) => `${problem.line}:${problem.column} ${problem.key} | ${problem.message}`,
  );

const DEFAULTS = {
  project: "demo",
  base: "main",
  remote: "origin",
  agent: { kind: "scripted", env: [] },
  gate: [],
  sandbox: "bwrap",
  network: { allow: [] },
  claim: { ttlMs: 60_000, staggerMs: 500 },
  retries: { noProgress: 3, total: 8, flaky: 1 },
  qa: { mode: "commands", prompt: "", fourEyes: false, witnesses: 0 },
  merge: { batch: 4 },
  limits: {
    agentWallMs: 3_600_000,
    agentIdleMs: 600_000,
    gateWallMs: 1_800_000,
    gateIdleMs: 600_000,
    outputBytes: 67_108_864,
    agentCpuMs: 28_800_000,
    memoryBytes: 8_589_934_592,
    processes: 512,
    diskBytes: 17_179_869_184,
  },
  ask: { timeoutMs: 1_800_000, fallback: "" },
  budget: { attempt: null, item: null, day: null, unknown: "refuse" },
  prices: new Map(),
};

test("a file with only a project gets every default", () => {
  expect(parseProjectConfig("project: demo\n", "skein.yaml")).toEqual({ ok: true, value: DEFAULTS });
});

test("the documented example reads as it is documented", () => {
  const text = `project: demo
base: main                                  # target branch
remote: origin                              # name, URL or path of the repository to land on
agent: { kind: command, run: [node, agent.mjs] }   # or kind: scripted | acp
gate: [[npm, test]]                         # argv lists, run in order on the exact tree
sandbox: bwrap                              # or podman | none
claim: { ttl: 60s }
retries: { noProgress: 3, total: 8 }
`;
  const value = {
    ...DEFAULTS,
    agent: { kind: "command", run: ["node", "agent.mjs"], env: [] },
    gate: [["npm", "test"]],
  };
  expect(parseProjectConfig(text, "skein.yaml")).toEqual({ ok: true, value });
});

test("a reviewer is a command, or an agent of the kind acp without a choice of permissions", () => {
  const read = (reviewer: string): unknown => {
    const parsed = parseProjectConfig(`project: demo\nqa: { mode: agent, reviewer: ${reviewer} }\n`, "skein.yaml");
    return parsed.ok ? parsed.value.qa.reviewer : parsed.error.problems;
  };
  expect(read("[node, review.mjs]")).toEqual(["node", "review.mjs"]);
  expect(read("{ kind: acp, run: [agent], env: [KEY_FILE] }")).toEqual({
    kind: "acp",
    run: ["agent"],
    env: ["KEY_FILE"],
  });
  expect(read("{ kind: acp, preset: goose }")).toEqual({
    kind: "acp",
    preset: "goose",
    run: ["goose", "acp"],
    env: [],
  });
});

test("every key is read, in block style, with CRLF, a byte order mark and one document marker", () => {
  const text = `\uFEFF---
project: other-1
base: release/1.2
remote: ssh://git@host:2222/team/repo.git
agent:
  kind: acp
  run: [agent, --acp]
  permissions: deny
  env: [LANG, _X1]
gate:
  - [npm, ci]
  - [sh, -c, "a\\nb"]
sandbox: none
network: { allow: [registry.npmjs.org, "*.example.org", "mirror.example.org:8443"] }
claim: { ttl: 2h, stagger: 0ms }
retries: { noProgress: 1, total: 100, flaky: 0 }
qa: { mode: agent, reviewer: [node, review.mjs], prompt: "Look for missing tests.", fourEyes: true, witnesses: 2 }
merge: { batch: 7, resolver: { kind: acp, preset: gemini, env: [LANG] } }
limits:
  { agentWall: 1d, agentIdle: 250ms, gateWall: 1s, gateIdle: 90s, output: 1GiB, agentCpu: 2h, memory: 1GiB, processes: 99, disk: 5MiB }
ask: { timeout: 5m, fallback: deny }
budget: { attempt: $2, item: $10.50, day: $0.000001, unknown: allow }
prices: { big one: { input: $3, output: $15, cacheRead: $0.30 } }
`.replaceAll("\n", "\r\n");
  expect(parseProjectConfig(text, "skein.yaml")).toEqual({
    ok: true,
    value: {
      project: "other-1",
      base: "release/1.2",
      remote: "ssh://git@host:2222/team/repo.git",
      agent: { kind: "acp", run: ["agent", "--acp"], permissions: "deny", env: ["LANG", "_X1"] },
      gate: [
        ["npm", "ci"],
        ["sh", "-c", "a\nb"],
      ],
      sandbox: "none",
      network: { allow: ["registry.npmjs.org", "*.example.org", "mirror.example.org:8443"] },
      claim: { ttlMs: 7_200_000, staggerMs: 0 },
      retries: { noProgress: 1, total: 100, flaky: 0 },
      qa: {
        mode: "agent",
        reviewer: ["node", "review.mjs"],
        prompt: "Look for missing tests.",
        fourEyes: true,
        witnesses: 2,
      },
      merge: {
        batch: 7,
        resolver: { kind: "acp", preset: "gemini", run: ["gemini", "--acp"], permissions: "ask", env: ["LANG"] },
      },
      limits: {
        agentWallMs: 86_400_000,
        agentIdleMs: 250,
        gateWallMs: 1000,
        gateIdleMs: 90_000,
        outputBytes: 1_073_741_824,
        agentCpuMs: 7_200_000,
        memoryBytes: 1_073_741_824,
        processes: 99,
        diskBytes: 5_242_880,
      },
      ask: { timeoutMs: 300_000, fallback: "deny" },
      budget: { attempt: 2_000_000, item: 10_500_000, day: 1, unknown: "allow" },
      prices: new Map([["big one", { input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: null }]]),
    },
  });
});

test("the error names the first problem's place and counts the others", () => {
  const parsed = parseProjectConfig("project: demo\nretries: { total: 0 }\nsandbox: docker\n", "a/skein.yaml");
  expect(parsed.ok ? "" : parsed.error.message).toBe(
    "a/skein.yaml:2:19: retries.total must be a whole number from 1 to 100, without quotes, not 0. (and 1 more problem)",
  );
});

test("an empty file says that the project is missing", () => {
  for (const text of ["", "# only a comment\n", "---\n", "null\n"]) {
    expect(problemsOf(text)).toEqual([
      {
        file: "skein.yaml",
        line: 1,
        column: 1,
        key: "project",
        message: "project is missing, the file is empty; write project: and a name.",
      },
    ]);
  }
});

test("a file that is no map, or a second document, is a problem of the file", () => {
  expect(problemsOf("- a\n").map(({ key }) => key)).toEqual(["(file)"]);
  expect(problemsOf("hello\n").map(({ key }) => key)).toEqual(["(file)"]);
  expect(said("---\nbase: x\n")).toEqual([
    "2:1 (file) | A second document starts here; keep one and remove the line with ---.",
  ]);
});

test.each([
  ["bas: x", "2:1 bas | bas is not a known key; did you mean base?"],
  ["claim: { tll: 1s }", "2:10 claim.tll | claim.tll is not a known key; did you mean ttl?"],
  [
    "retries:\n  noprogress: 1",
    "3:3 retries.noprogress | retries.noprogress is not a known key; did you mean noProgress?",
  ],
  ["ttl: 1s", "2:1 ttl | ttl is not a known key; did you mean claim.ttl?"],
  [
    "claim: { agentWall: 1s }",
    "2:10 claim.agentWall | claim.agentWall is not a known key; did you mean limits.agentWall?",
  ],
  ["limits: { gate: 1 }", "2:11 limits.gate | limits.gate is not a known key; did you mean gate at the left margin?"],
  [
    "limits: { zzz: 1 }",
    "2:11 limits.zzz | limits.zzz is not a known key; the keys here are agentWall, agentIdle, gateWall, gateIdle, output, agentCpu, memory, processes, disk",
  ],
  [
    "agent: { kind: scripted, run: [a] }",
    "2:26 agent.run | agent.run does not go with kind: scripted, which is built in; remove it, or write kind: command or kind: acp",
  ],
  ["sandbox: podmn", '2:10 sandbox | sandbox must be bwrap, podman or none, not "podmn"; did you mean podman?'],
  [
    "agent: { kind: Command, run: [a] }",
    '2:16 agent.kind | agent.kind must be command, scripted or acp, not "Command"; did you mean command?',
  ],
])("a slip of the keyboard gets a hint: %s", (text, expected) => {
  expect(said(text)).toEqual([/[?]$/.test(expected) ? expected : `${expected}.`]);
});

test.each([
  ["gate: npm test", "2:7 gate", "write [[npm, test]]."],
  ["gate: [npm, test]", "2:7 gate", "write [[npm, test]]."],
  ["gate: [npm ci, npm test]", "2:7 gate", "write [[npm, ci], [npm, test]]."],
  ["gate: [[npm, 1]]", "2:14 gate[0][1]", "YAML reads this as a number; write it in quotes."],
  ["gate: [[npm], []]", "2:15 gate[1]", "must have 1 to 64 words: the program and its arguments."],
  ['gate: [[""]]', "2:8 gate[0]", "must start with the name of a program, and its first word is empty."],
  ['gate: [[a, "x\\0y"]]', "2:12 gate[0][1]", "must not contain a NUL character."],
  ['gate: [[a, "\\ud800"]]', "2:12 gate[0][1]", "must be valid Unicode text, and contains half a character."],
  [
    "gate: { a: b }",
    "2:7 gate",
    "must be a list of commands, and each command a list of words, for example [[npm, test]].",
  ],
  ["agent: scripted", "2:8 agent", "must be a map, for example { kind: scripted }, not plain text."],
  [
    "agent: { kind: command }",
    "2:1 agent.run",
    "is missing; write the command as a list of words, for example [node, agent.mjs].",
  ],
  ["agent: { kind: acp }", "2:1 agent.run", "is missing; write the command as a list of words"],
  [
    "agent: { kind: acp, run: [a], preset: gemini }",
    "2:26 agent.run",
    "does not go with preset, which is a command too; keep one of the two.",
  ],
  [
    "agent: { kind: command, preset: gemni }",
    "2:33 agent.preset",
    'must be one of claude-code, codex, gemini, not "gemni"; any other agent is written as run.',
  ],
  [
    "agent: { kind: acp, preset: gemini, permissions: yes }",
    "2:50 agent.permissions",
    'must be ask, allow or deny, not "yes".',
  ],
  ["agent: { run: [a] }", "2:1 agent.kind", "is missing; write command, scripted or acp."],
  ["agent: { kind: acp, run: node a.mjs }", "2:26 agent.run", "for example [node, a.mjs]."],
  [
    "agent: { kind: scripted, env: [A=b] }",
    "2:32 agent.env[0]",
    "only the name of an environment variable, for example LANG; its value stays on the machine.",
  ],
  [
    "agent: { kind: scripted, env: { A: b } }",
    "2:31 agent.env",
    "must be a list of names of environment variables, for example [LANG, TZ]; their values stay on the machine.",
  ],
  ["claim:", "2:7 claim", "must be a map, for example { ttl: 60s }, not an empty value."],
  [
    "claim: { ttl: 60 }",
    "2:15 claim.ttl",
    "must be a duration with a unit; write 60s for seconds or 60ms for milliseconds.",
  ],
  ["claim: { ttl: '60' }", "2:15 claim.ttl", "write 60s for seconds or 60ms for milliseconds."],
  ["claim: { ttl: 500ms }", "2:15 claim.ttl", "must be from 1s to 24h, not 500ms."],
  ["claim: { ttl: 25h }", "2:15 claim.ttl", "must be from 1s to 24h, not 25h."],
  ["claim: { ttl: 1.5h }", "2:15 claim.ttl", 'like 250ms, 30s, 10m, 2h, 1d, not "1.5h".'],
  ["claim: { ttl: [1] }", "2:15 claim.ttl", "like 250ms, 30s, 10m, 2h, 1d, not a list."],
  ["limits: { output: 1024 }", "2:19 limits.output", "must be a size with a unit; write 1024MiB or 1024KiB."],
  ["limits: { output: 64MB }", "2:19 limits.output", 'like 64KiB, 10MiB, 1GiB, not "64MB".'],
  ["limits: { output: 5GiB }", "2:19 limits.output", "must be from 1KiB to 4GiB, not 5GiB."],
  ["retries: { total: '8' }", "2:19 retries.total", 'must be a whole number from 1 to 100, without quotes, not "8".'],
  ["retries: { total: 2.5 }", "2:19 retries.total", "without quotes, not 2.5."],
  ["retries: { total: .inf }", "2:19 retries.total", "without quotes, not Infinity."],
  ["retries: { total: 101 }", "2:19 retries.total", "from 1 to 100, without quotes, not 101."],
  ["qa: { mode: agent }", "2:1 qa.reviewer", "is missing; write the reviewer's command as a list of words"],
  ["qa: { reviewer: node }", "2:17 qa.reviewer", "for example [node, reviewer.mjs], or an agent of kind: acp."],
  ["qa: { reviewer: 3 }", "2:17 qa.reviewer", "must be a command as a list of words"],
  ["qa: { reviewer: { kind: acp } }", "2:7 qa.reviewer.run", "is missing; write the command as a list of words"],
  ["qa: { reviewer: { kind: command, run: [a] } }", "2:25 qa.reviewer.kind", "must be acp"],
  [
    "qa: { reviewer: { kind: acp, run: [a], permissions: allow } }",
    "2:40 qa.reviewer.permissions",
    "is not a known key; the keys here are kind, run, preset, env.",
  ],
  ["merge: { resolver: [node] }", "2:20 merge.resolver", "must be a map, for example { kind: scripted }, not a list."],
  ["merge: { resolver: { kind: acpp } }", "2:28 merge.resolver.kind", 'not "acpp"; did you mean acp?'],
  ["qa: { fourEyes: 'yes' }", "2:17 qa.fourEyes", 'must be true or false, not "yes".'],
  ["budget: { attempt: 2 }", "2:20 budget.attempt", "must be an amount of dollars with a unit; write $2."],
  ["budget: { day: $1.5e3 }", "2:16 budget.day", 'with their sign like $2, $0.25, not "$1.5e3".'],
  ["budget: { unknown: maybe }", "2:20 budget.unknown", 'must be refuse or allow, not "maybe".'],
  ["base: 1.0", "2:7 base", "write it in quotes."],
  ["base: -x", "2:7 base", "by git's rules for names."],
  ["base: refs/heads/main", "2:7 base", "without refs/heads/."],
  ["base: ''", "2:7 base", "must not be empty"],
  ["remote:", "2:8 remote", "must be text, for example origin, not an empty value."],
  ["remote: ext::sh -c id", "2:9 remote", "must not name a remote helper"],
  ["remote: --upload-pack=id", "2:9 remote", "must not start with a dash"],
  ["sandbox: [none]", "2:10 sandbox", "must be bwrap, podman or none, not a list."],
])("a wrong value is located and explained: %s", (text, place, ending) => {
  const [only, ...others] = said(text);
  expect(others).toEqual([]);
  expect(only?.startsWith(`${place} | `)).toBe(true);
  expect(only).toContain(ending);
});

test("a project name that is not one gets a proposal", () => {
  expect(problemsOf("project: Demo App")[0]?.message).toBe(
    "project must be 1 to 63 lower-case letters, digits and dashes, not starting with a dash; write demo-app.",
  );
  expect(problemsOf("base: main\n")[0]).toMatchObject({ line: 1, key: "project" });
});

test("counts have bounds: 32 commands, 64 words", () => {
  const gate = (commands: number, words: number): string =>
    `project: demo\ngate: [${Array.from({ length: commands }, () => `[${Array.from({ length: words }, () => "x").join(", ")}]`).join(", ")}]\n`;
  expect(problemsOf(gate(32, 64))).toEqual([]);
  expect(problemsOf(gate(33, 1)).map(({ key }) => key)).toEqual(["gate"]);
  expect(problemsOf(gate(1, 65)).map(({ key }) => key)).toEqual(["gate[0]"]);
});

test("a key that is written twice is a problem at its second place, at any level", () => {
  expect(said("base: a\nbase: b\nclaim: { ttl: 1s, ttl: 2s }")).toEqual([
    "3:1 base | base is written twice; keep one of them.",
    "4:19 claim.ttl | claim.ttl is written twice; keep one of them.",
  ]);
});

test("keys that mean something to JavaScript are ordinary unknown keys", () => {
  expect(said("__proto__: { sandbox: none }\nconstructor: x\ntoString: y").map((text) => text.split(" |")[0])).toEqual([
    "2:1 __proto__",
    "3:1 constructor",
    "4:1 toString",
  ]);
});

test("a key with odd characters is shown on one line", () => {
  expect(said('"a.b\\n]": 1')[0]).toMatch(/^2:1 \["a\.b\\n\]"\] \| /);
  expect(said(`? [a]\n: b`)).toEqual(
    ["2:3 project | A key must be plain text, not a list or a map."].map((text) => text.replace("project", "(file)")),
  );
});

test.each([
  ["\tbase: x", 2, "with a tab"],
  ["claim:\n\tttl: 60s", 3, "with a tab"],
  ["claim: { ttl: 60s\nbase: x", 3, "a bracket is not closed"],
  ['base: "x', 2, "a closing quote"],
  ["base: x\n  remote: y", 2, "each key on its own line"],
  ["base: @x", 2, "put the value in quotes"],
  ['base: "\\q"', 2, "backslash"],
])("a syntax error has a line and words for people: %j", (text, line, words) => {
  const [first] = problemsOf(`project: demo\n${text}\n`);
  expect(first?.line).toBe(line);
  expect(first?.message).toContain(words);
});

test.each([
  ["base: !!str x", "base", "Tags"],
  ["base: !x y", "base", "Tags"],
  ["base: &a x", "base", "Anchors"],
  ["base: *a", "base", "Aliases"],
])("what the file has no use for is refused by name: %s", (text, key, words) => {
  expect(said(text)[0]).toContain(`2:7 ${key} | ${words} `);
});

test("directives are refused, and so is YAML 1.1 with its own idea of yes and no", () => {
  expect(problemsOf("%YAML 1.1\n---\nproject: demo\n")[0]?.message).toContain("Directives");
});

test("a file of 64 KiB is read, one byte more is refused by its size in UTF-8", () => {
  const padded = (bytes: number): string => `project: demo\n#${"x".repeat(bytes - 15)}`;
  expect(problemsOf(padded(65_536))).toEqual([]);
  expect(problemsOf(padded(65_537))[0]?.message).toContain("larger than 64 KiB");
  expect(problemsOf(`project: demo\n#${"é".repeat(40_000)}`)[0]?.message).toContain("larger than 64 KiB");
});

test("control characters are refused where they are", () => {
  expect(problemsOf("project: demo\nbase: a\u0000b\n")).toMatchObject([{ line: 2, column: 8, key: "(file)" }]);
  expect(problemsOf("project: demo\n# \u001b[31m\n")[0]?.message).toContain("U+001B");
});

test("thousands of problems are counted, and fifty are told", () => {
  const parsed = parseProjectConfig("a:\n".repeat(2000), "skein.yaml");
  expect(parsed.ok ? 0 : parsed.error.problems.length).toBe(50);
  expect(parsed.ok ? "" : parsed.error.message).toContain("(and 2000 more problems)");
});
