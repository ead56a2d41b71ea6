/**
 * The keys of `skein.yaml`, once: this zod schema is the source of the check, of the JSON Schema for editors, and of the
 * words that "did you mean" chooses from.
 */
import { err, ok, type Result } from "@skein/core";
import * as z from "zod";
import { agent, AGENT_WORDS, resolver, reviewer, toAgentConfig, toReviewerConfig } from "./agent-schema.ts";
import {
  argv,
  cap,
  duration,
  hostPatterns,
  mapLike,
  money,
  obeys,
  shown,
  size,
  textLike,
  wholeNumber,
  type Range,
} from "./field-kinds.ts";
import type { ProjectConfig } from "./project-config.ts";
import { PROJECT_NAME_PATTERN, projectNameFrom } from "./project-name.ts";
import { toSchemaIssues, type SchemaIssue, type Vocabulary } from "./schema-issue.ts";
import { branchProblem, patternProblem, remoteProblem, wordProblem } from "./text-rules.ts";

const GATE_COMMANDS_MAX = 32;
const BRANCH_LENGTH_MAX = 200;
const REMOTE_LENGTH_MAX = 2048;
const ANSWER_LENGTH_MAX = 2000;
const PROMPT_LENGTH_MAX = 4000;

const SECOND = 1000;
const DAY = 86_400_000;
const WALL: Range = { min: SECOND, max: 7 * DAY };
const IDLE: Range = { min: 100, max: DAY };
const OUTPUT: Range = { min: 1024, max: 4 * 1024 ** 3 };
const COUNT: Range = { min: 1, max: 100 };
const MEMORY: Range = { min: 64 * 1024 ** 2, max: 1024 ** 4 };
const DISK: Range = { min: 1024 ** 2, max: 1024 ** 4 };
const MONEY: Range = { min: 0, max: 10_000_000_000_000 };
const PRICE: Range = { min: 0, max: 10_000_000_000 };
const MODEL_LENGTH_MAX = 100;
const PROCESSES: Range = { min: 8, max: 65_536 };

const project = z
  .string({ error: textLike("project: demo") })
  .regex(PROJECT_NAME_PATTERN, {
    error: ({ input }) =>
      "must be 1 to 63 lower-case letters, digits and dashes, not starting with a dash; " +
      `write ${projectNameFrom(String(input))}`,
  })
  .meta({ description: "The project's name on the board and in chat.", examples: ["demo"] });

const base = z
  .string({ error: textLike("main") })
  .min(1, { error: "must not be empty; write the name of a branch, for example main" })
  .max(BRANCH_LENGTH_MAX, { error: `must be at most ${BRANCH_LENGTH_MAX} characters long` })
  .check(obeys(branchProblem))
  .default("main")
  .meta({ description: "The branch that finished work lands on." });

const remote = z
  .string({ error: textLike("origin") })
  .min(1, { error: "must not be empty; write the name, URL or path of a repository, for example origin" })
  .max(REMOTE_LENGTH_MAX, { error: `must be at most ${REMOTE_LENGTH_MAX} characters long` })
  .check(obeys(remoteProblem))
  .default("origin")
  .meta({
    description: "The repository that finished work lands on: a remote's name, a URL or a path. No credentials.",
  });

const gate = z
  .array(argv("One command: the program and its arguments, executed without a shell."), {
    error: "must be a list of commands, and each command a list of words, for example [[npm, test]]",
  })
  .max(GATE_COMMANDS_MAX, { error: `must have at most ${GATE_COMMANDS_MAX} commands` })
  .prefault([])
  .meta({ description: "Commands that must succeed, in this order, on the exact tree that is about to land." });

const sandbox = z.enum(["bwrap", "podman", "none"]).default("bwrap").meta({
  description:
    "What agents and gate commands are shut in: bwrap (bubblewrap), podman, or none, which leaves them all rights of the user.",
});

const networkKeys = {
  allow: hostPatterns(
    "Hosts that sandboxed agents and gate commands may reach, on port 443 or, in clear, on port 80.",
  ).prefault([]),
};

const claimKeys = {
  ttl: duration(
    { min: SECOND, max: DAY },
    "How long a node may be silent before another may take over what it claimed.",
  ).prefault("60s"),
  stagger: duration(
    { min: 0, max: 60 * SECOND },
    "The k-th node in an item's ranking waits k times this before it claims.",
  ).prefault("500ms"),
};

const retryKeys = {
  noProgress: wholeNumber(COUNT, "Attempts in a row that may bring nothing new before a person is asked.").default(3),
  total: wholeNumber(COUNT, "Attempts of one item in all before a person is asked.").default(8),
  flaky: wholeNumber(
    { min: 0, max: 10 },
    "How often a gate command that failed runs again before anybody is blamed.",
  ).default(1),
};

const qaKeys = {
  mode: z.enum(["commands", "agent", "human"]).default("commands").meta({
    description:
      "Who has to be content before an item lands: the gate's commands, a reviewer agent as well, or a person as well. An item may say otherwise.",
  }),
  reviewer,
  prompt: z
    .string({ error: textLike("Look for missing tests.") })
    .max(PROMPT_LENGTH_MAX, { error: `must be at most ${PROMPT_LENGTH_MAX} characters long` })
    .check(obeys(wordProblem))
    .default("")
    .meta({ description: "What the reviewer is told beside the story." }),
  fourEyes: z
    .boolean({ error: ({ input }) => `must be true or false, not ${shown(input)}` })
    .default(false)
    .meta({ description: "Nobody approves what their own node has coded." }),
  witnesses: wholeNumber(
    { min: 0, max: 20 },
    "Nodes other than the coder's that must run the gate on the tree that is to land, and see it green.",
  ).default(0),
};

/** A reviewer that nobody names could only leave everything to people. */
function hasReviewer(context: z.core.ParsePayload<{ readonly mode: string; readonly reviewer?: unknown }>): void {
  const { mode, reviewer } = context.value;
  if (mode !== "agent" || reviewer !== undefined) return;
  const message = "is missing; write the reviewer's command as a list of words, for example [node, reviewer.mjs]";
  context.issues.push({ code: "custom", path: ["reviewer"], message, input: reviewer });
}

const mergeKeys = {
  batch: wholeNumber(COUNT, "Items that are tested together and land with one push.").default(4),
  resolver,
};

const limitKeys = {
  agentWall: duration(WALL, "How long one run of the agent may take.").prefault("60m"),
  agentIdle: duration(IDLE, "How long the agent may be silent.").prefault("10m"),
  gateWall: duration(WALL, "How long one command of the gate may take.").prefault("30m"),
  gateIdle: duration(IDLE, "How long a command of the gate may be silent.").prefault("10m"),
  output: size(OUTPUT, "How much output one process may write.").prefault("64MiB"),
  agentCpu: duration(
    WALL,
    "How much processor time one run of the agent may take, all its processes together.",
  ).prefault("8h"),
  memory: size(MEMORY, "How much memory the processes of one run may have together.").prefault("8GiB"),
  processes: wholeNumber(PROCESSES, "How many processes one run may have at a time.").default(512),
  disk: size(DISK, "How much the clone and the temporary files of one run may take.").prefault("16GiB"),
};

const askKeys = {
  timeout: duration(WALL, "How long an agent's question waits for an answer.").prefault("30m"),
  fallback: z
    .string({ error: textLike("deny") })
    .max(ANSWER_LENGTH_MAX, { error: `must be at most ${ANSWER_LENGTH_MAX} characters long` })
    .check(obeys(wordProblem))
    .default("")
    .meta({ description: "What answers a question then, where it is one of its options. Nothing when it is empty." }),
};

const PATTERNS_MAX = 16;
const PATTERN_LENGTH_MAX = 200;

const pattern = z
  .string({ error: textLike("coverage/*.xml") })
  .min(1, { error: "must not be empty; write a path or a pattern, for example coverage/*.xml" })
  .max(PATTERN_LENGTH_MAX, { error: `must be at most ${PATTERN_LENGTH_MAX} characters long` })
  .check(obeys(patternProblem));

const artifacts = z
  .array(pattern, { error: "must be a list of patterns, for example [coverage/*.xml]" })
  .max(PATTERNS_MAX, { error: `must have at most ${PATTERNS_MAX} patterns` })
  .optional()
  .meta({
    description:
      "Files that are kept of the checkout that the gate ran in. * stands for a part of a name, ** for any directories.",
  });

const budgetKeys = {
  attempt: cap(MONEY, "What one attempt of an item may cost before it is ended.").prefault("none"),
  item: cap(MONEY, "What all attempts of one item may cost together.").prefault("none"),
  day: cap(MONEY, "What all work of one day may cost together, in UTC, as far as a node has heard.").prefault("none"),
  unknown: z.enum(["refuse", "allow"]).default("refuse").meta({
    description: "Whether work goes on, under a cap, when it is not known what earlier work has cost.",
  }),
};

const priceKeys = {
  input: money(PRICE, "A million tokens that the model reads."),
  output: money(PRICE, "A million tokens that the model writes."),
  cacheRead: money(PRICE, "A million tokens that the model reads from its cache.").optional(),
  cacheWrite: money(PRICE, "A million tokens that the model puts into its cache.").optional(),
};

const schema = z.strictObject({
  project,
  base,
  remote,
  agent,
  gate,
  sandbox,
  network: z
    .strictObject(networkKeys, { error: mapLike("{ allow: [registry.npmjs.org] }") })
    .prefault({})
    .meta({ description: "What sandboxed agents and gate commands may reach; nothing unless it is named here." }),
  claim: z
    .strictObject(claimKeys, { error: mapLike("{ ttl: 60s }") })
    .prefault({})
    .meta({ description: "How nodes agree on who works on an item." }),
  retries: z
    .strictObject(retryKeys, { error: mapLike("{ noProgress: 3, total: 8 }") })
    .prefault({})
    .meta({ description: "How often an item is tried." }),
  qa: z
    .strictObject(qaKeys, { error: mapLike("{ mode: human }") })
    .check(hasReviewer)
    .prefault({})
    .meta({ description: "What is asked of a branch beyond the gate's commands." }),
  merge: z
    .strictObject(mergeKeys, { error: mapLike("{ batch: 4 }") })
    .prefault({})
    .meta({ description: "How what passed the gate lands." }),
  limits: z
    .strictObject(limitKeys, { error: mapLike("{ agentWall: 60m }") })
    .prefault({})
    .meta({ description: "When a process is ended, with everything it started." }),
  ask: z
    .strictObject(askKeys, { error: mapLike("{ timeout: 30m }") })
    .prefault({})
    .meta({ description: "What becomes of a question that nobody answers." }),
  artifacts,
  budget: z
    .strictObject(budgetKeys, { error: mapLike("{ attempt: $2, item: $10, day: $50 }") })
    .prefault({})
    .meta({
      description: "What work may cost; no cap where nothing is said. Caps bind as far as agents tell their cost.",
    }),
  prices: z
    .record(
      z.string().max(MODEL_LENGTH_MAX, { error: `has a model's name of more than ${MODEL_LENGTH_MAX} characters` }),
      z.strictObject(priceKeys, { error: mapLike("{ input: $3, output: $15 }") }),
      { error: mapLike("{ big-one: { input: $3, output: $15 } }") },
    )
    .prefault({})
    .meta({ description: "Prices of models, for agents that tell tokens and no cost: dollars per million tokens." }),
});

const VOCABULARY: Vocabulary = {
  top: Object.keys(schema.shape),
  nested: {
    agent: AGENT_WORDS.keys,
    network: Object.keys(networkKeys),
    claim: Object.keys(claimKeys),
    retries: Object.keys(retryKeys),
    qa: Object.keys(qaKeys),
    "qa.reviewer": AGENT_WORDS.reviewerKeys,
    merge: Object.keys(mergeKeys),
    "merge.resolver": AGENT_WORDS.keys,
    limits: Object.keys(limitKeys),
    ask: Object.keys(askKeys),
    budget: Object.keys(budgetKeys),
  },
  choices: {
    sandbox: sandbox.unwrap().options,
    "budget.unknown": budgetKeys.unknown.unwrap().options,
    "agent.permissions": AGENT_WORDS.permissions,
    "agent.kind": AGENT_WORDS.kinds,
    "merge.resolver.permissions": AGENT_WORDS.permissions,
    "merge.resolver.kind": AGENT_WORDS.kinds,
  },
};

/** Checks plain values and fills in the defaults. */
export function checkProjectConfig(value: unknown): Result<ProjectConfig, readonly SchemaIssue[]> {
  const checked = schema.safeParse(value);
  if (checked.success) return ok(toProjectConfig(checked.data));
  return err(toSchemaIssues(checked.error.issues, value, VOCABULARY));
}

/** The JSON Schema of the file as it is written, for editors. */
export function projectConfigJsonSchema(): unknown {
  const { $schema, ...keys } = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
  return {
    $schema,
    $id: "urn:skein:schema:skein.yaml",
    title: "skein.yaml",
    description: "How Skein works on the repository that holds this file. Secrets never belong in it.",
    ...keys,
  };
}

function toProjectConfig({
  agent: worker,
  artifacts: patterns = [],
  claim,
  limits,
  ask,
  prices,
  qa: { reviewer: reviewerWritten, ...qa },
  merge: { resolver: resolverWritten, ...merge },
  ...asWritten
}: z.output<typeof schema>): ProjectConfig {
  return {
    ...asWritten,
    agent: toAgentConfig(worker),
    ...(patterns.length === 0 ? {} : { artifacts: patterns }),
    claim: { ttlMs: claim.ttl, staggerMs: claim.stagger },
    qa: { ...qa, ...(reviewerWritten === undefined ? {} : { reviewer: toReviewerConfig(reviewerWritten) }) },
    merge: { ...merge, ...(resolverWritten === undefined ? {} : { resolver: toAgentConfig(resolverWritten) }) },
    limits: {
      agentWallMs: limits.agentWall,
      agentIdleMs: limits.agentIdle,
      gateWallMs: limits.gateWall,
      gateIdleMs: limits.gateIdle,
      outputBytes: limits.output,
      agentCpuMs: limits.agentCpu,
      memoryBytes: limits.memory,
      processes: limits.processes,
      diskBytes: limits.disk,
    },
    ask: { timeoutMs: ask.timeout, fallback: ask.fallback },
    prices: new Map(
      Object.entries(prices).map(([model, { input, output, cacheRead, cacheWrite }]) => [
        model,
        { input, output, cacheRead: cacheRead ?? null, cacheWrite: cacheWrite ?? null },
      ]),
    ),
  };
}
