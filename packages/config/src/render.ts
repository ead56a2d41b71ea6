/**
 * Writes the `skein.yaml` that `skein init` leaves in a repository: every key a newcomer looks for, with the reason beside
 * it. Whatever text it is given stays inside its value: the result reads back as exactly what went in.
 */
import type {
  AgentConfig,
  AskConfig,
  BudgetConfig,
  ClaimConfig,
  LimitConfig,
  MergeConfig,
  NetworkConfig,
  Price,
  QaConfig,
  RetryConfig,
  ReviewerAgent,
  ReviewerConfig,
  SandboxKind,
} from "./project-config.ts";
import { isReviewerAgent } from "./project-config.ts";
import { formatDuration, formatMoney, formatSize } from "./quantity.ts";

export interface ProjectConfigDraft {
  readonly project: string;
  readonly base: string;
  readonly remote: string;
  readonly agent: AgentConfig;
  readonly gate: readonly (readonly string[])[];
  /** Why this gate, for a comment; see `detectGate`. */
  readonly gateBecause?: string;
  readonly sandbox: SandboxKind;
  /** Only a comment when left out. */
  readonly network?: NetworkConfig;
  /** The defaults when left out. */
  readonly claim?: ClaimConfig;
  readonly retries?: RetryConfig;
  readonly merge?: MergeConfig;
  /** Only a comment when left out. */
  readonly qa?: QaConfig;
  /** Only a comment with the defaults when left out. */
  readonly limits?: LimitConfig;
  /** Nothing when left out. */
  readonly ask?: AskConfig;
  /** Only a comment when left out. */
  readonly budget?: BudgetConfig;
  readonly prices?: ReadonlyMap<string, Price>;
}

export function renderProjectConfig(draft: ProjectConfigDraft): string {
  const claim = draft.claim ?? { ttlMs: 60_000, staggerMs: 500 };
  const retries = draft.retries ?? { noProgress: 3, total: 8, flaky: 1 };
  const merge = draft.merge ?? { batch: 4 };
  const lines = [
    "# How Skein works on this repository. Everybody with the repository can read this file: no secrets in it.",
    `project: ${scalar(draft.project)}`,
    "",
    "# The branch that finished work lands on, and its repository: a remote's name, a URL or a path.",
    `base: ${scalar(draft.base)}`,
    `remote: ${scalar(draft.remote)}`,
    "",
    ...agentLines(draft.agent),
    "",
    ...gateLines(draft.gate, draft.gateBecause),
    "",
    ...sandboxLines(draft.sandbox),
    "",
    ...networkLines(draft.network),
    "",
    "# A node that is silent for the ttl loses its claim; the k-th node in line waits k times the stagger before it claims.",
    `claim: { ttl: ${formatDuration(claim.ttlMs)}, stagger: ${formatDuration(claim.staggerMs)} }`,
    "",
    "# How many attempts an item gets before a person is asked: in a row without progress, and in all.",
    "# flaky: how often a gate command that failed runs again before anybody is blamed.",
    `retries: { noProgress: ${retries.noProgress}, total: ${retries.total}, flaky: ${retries.flaky} }`,
    "",
    ...qaLines(draft.qa),
    ...mergeLines(merge),
    "",
    ...limitLines(draft.limits),
    ...askLines(draft.ask),
    "",
    ...budgetLines(draft.budget),
    ...priceLines(draft.prices),
  ];
  return `${lines.join("\n")}\n`;
}

function agentLines(agent: AgentConfig): readonly string[] {
  const comment = [
    "# What does the work. scripted is built in and needs no key; command runs any program (run: [program, argument]);",
    "# acp talks to an agent over the Agent Client Protocol (run, or preset: claude-code, codex, gemini, opencode, …).",
    "# env: [NAME] passes variables of the node on, by name.",
  ];
  return [...comment, "agent:", ...agentWords(agent).map((word) => `  ${word}`)];
}

/** Each is a key with its value. */
function agentWords(agent: AgentConfig | ReviewerAgent): readonly string[] {
  return [
    `kind: ${agent.kind}`,
    ...(agent.kind === "scripted" ? [] : [commandWord(agent)]),
    ...("permissions" in agent ? [`permissions: ${agent.permissions}`] : []),
    ...(agent.env.length === 0 ? [] : [`env: ${flowList(agent.env)}`]),
  ];
}

const commandWord = ({ run, preset }: Exclude<AgentConfig, { kind: "scripted" }> | ReviewerAgent): string =>
  preset === undefined ? `run: ${flowList(run)}` : `preset: ${preset}`;

function mergeLines({ batch, resolver }: MergeConfig): readonly string[] {
  const comment = [
    "# What passed the gate lands together, so many at a time; the gate runs on the tree that all of them make.",
    "# resolver: an agent, written like the one above, that goes on with a branch which conflicts with the target branch.",
  ];
  if (resolver === undefined) return [...comment, `merge: { batch: ${batch} }`];
  return [...comment, "merge:", `  batch: ${batch}`, `  resolver: { ${agentWords(resolver).join(", ")} }`];
}

function gateLines(gate: readonly (readonly string[])[], because: string | undefined): readonly string[] {
  const comment =
    "# Commands that must succeed, in this order and without a shell, on the exact tree that is about to land.";
  const reason = because === undefined ? [] : [`# Chosen because: ${commentText(because)}`];
  if (gate.length > 0) return [comment, ...reason, "gate:", ...gate.map((argv) => `  - ${flowList(argv)}`)];
  return [
    comment,
    ...reason,
    "# Nothing is checked before landing until there is one, for example [[npm, test]].",
    "gate: []",
  ];
}

const SANDBOX_COMMENTS: Readonly<Record<SandboxKind, readonly string[]>> = {
  bwrap: [
    "# Agents and gate commands are shut in by bubblewrap. The other choices are podman and none (no protection).",
  ],
  podman: [
    "# Agents and gate commands are shut in by podman containers. The other choices are bwrap and none (no protection).",
  ],
  none: [
    "# WARNING: agents and gate commands run unsandboxed, with all rights of the user who runs Skein.",
    "# They can read, change and send away whatever that user can. bwrap in this place shuts them in, on Linux with",
    "# bubblewrap installed; a node without it refuses to work then.",
  ],
};

function sandboxLines(sandbox: SandboxKind): readonly string[] {
  return [...SANDBOX_COMMENTS[sandbox], `sandbox: ${sandbox}`];
}

function networkLines(network: NetworkConfig | undefined): readonly string[] {
  const comment =
    "# Hosts that sandboxed work may reach. None is the safe default: fetch what it needs beforehand, or name them.";
  if (network === undefined) return [comment, "# network: { allow: [registry.npmjs.org] }"];
  return [comment, "network:", `  allow: ${flowList(network.allow)}`];
}

function limitLines(limits: LimitConfig | undefined): readonly string[] {
  const comment = "# When a process is ended: its time in all, its silence, its output, what it takes of the machine.";
  if (limits === undefined) {
    return [
      comment,
      "# limits: { agentWall: 60m, agentIdle: 10m, gateWall: 30m, gateIdle: 10m, output: 64MiB,",
      "#           agentCpu: 8h, memory: 8GiB, processes: 512, disk: 16GiB }",
    ];
  }
  return [
    comment,
    "limits:",
    `  agentWall: ${formatDuration(limits.agentWallMs)}`,
    `  agentIdle: ${formatDuration(limits.agentIdleMs)}`,
    `  gateWall: ${formatDuration(limits.gateWallMs)}`,
    `  gateIdle: ${formatDuration(limits.gateIdleMs)}`,
    `  output: ${formatSize(limits.outputBytes)}`,
    `  agentCpu: ${formatDuration(limits.agentCpuMs)}`,
    `  memory: ${formatSize(limits.memoryBytes)}`,
    `  processes: ${limits.processes}`,
    `  disk: ${formatSize(limits.diskBytes)}`,
  ];
}

function qaLines(qa: QaConfig | undefined): readonly string[] {
  const comment = [
    "# Who has to be content beyond the gate: commands (nobody), agent (reviewer: [program, argument]) or human; and how many",
    "# nodes other than the coder's have to see the gate green on the very tree that lands.",
  ];
  if (qa === undefined) return [...comment, "# qa: { mode: human, fourEyes: true, witnesses: 1 }", ""];
  return [
    ...comment,
    "qa:",
    `  mode: ${qa.mode}`,
    ...(qa.reviewer === undefined ? [] : [`  reviewer: ${reviewerValue(qa.reviewer)}`]),
    `  prompt: ${scalar(qa.prompt)}`,
    `  fourEyes: ${qa.fourEyes}`,
    `  witnesses: ${qa.witnesses}`,
    "",
  ];
}

const reviewerValue = (reviewer: ReviewerConfig): string =>
  isReviewerAgent(reviewer) ? `{ ${agentWords(reviewer).join(", ")} }` : flowList(reviewer);

function askLines(ask: AskConfig | undefined): readonly string[] {
  if (ask === undefined) return [];
  return [
    "",
    "# How long an agent's question waits for a person, and what answers it then.",
    "ask:",
    `  timeout: ${formatDuration(ask.timeoutMs)}`,
    `  fallback: ${scalar(ask.fallback)}`,
  ];
}

function budgetLines(budget: BudgetConfig | undefined): readonly string[] {
  const comment =
    "# What an attempt, an item and a day may cost. unknown: whether work goes on when nobody knows what it has cost.";
  if (budget === undefined) return [comment, "# budget: { attempt: $2, item: $10, day: $50, unknown: refuse }"];
  const caps = (["attempt", "item", "day"] as const).flatMap((cap) => {
    const microUsd = budget[cap];
    return microUsd === null ? [] : [`  ${cap}: ${formatMoney(microUsd)}`];
  });
  return [comment, "budget:", ...caps, `  unknown: ${budget.unknown}`];
}

function priceLines(prices: ReadonlyMap<string, Price> = new Map()): readonly string[] {
  if (prices.size === 0) return [];
  const comment = "# Dollars per million tokens, for agents that tell what they use and not what it costs.";
  const lines = [...prices].flatMap(([model, price]) => [
    `  ${JSON.stringify(model)}:`,
    ...(["input", "output", "cacheRead", "cacheWrite"] as const).flatMap((kind) => {
      const microUsd = price[kind];
      return microUsd === null ? [] : [`    ${kind}: ${formatMoney(microUsd)}`];
    }),
  ]);
  return ["", comment, "prices:", ...lines];
}

const flowList = (words: readonly string[]): string => `[${words.map(scalar).join(", ")}]`;

/** Plain words stay plain; everything else is a double-quoted YAML string on one line. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z][A-Za-z0-9_./-]*$/.test(text) && !/^(?:null|true|false|yes|no|on|off|y|n)$/i.test(text);
  if (isPlain || /^\.{1,2}\/[A-Za-z0-9_./-]*$/.test(text)) return text;
  // JSON is YAML, except that YAML wants more characters escaped than JSON does.
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function commentText(text: string): string {
  return text.replaceAll(/[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\ufeff]+/gu, " ").trim();
}
