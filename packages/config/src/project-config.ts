/**
 * What `skein.yaml` means once it was read: plain data with every default filled in, durations in milliseconds and sizes
 * in bytes. The file's own spelling (units, key names) is the schema's subject, not this one's.
 */

/** A command as it is executed, without a shell. */
export type Argv = readonly [string, ...string[]];

export type SandboxKind = "bwrap" | "podman" | "none";

/**
 * `preset` is the name that `run` was written as. `env` names the variables that are passed through from the node's own environment; values are never
 * written down.
 */
export type AgentConfig =
  | { readonly kind: "command"; readonly run: Argv; readonly preset?: string; readonly env: readonly string[] }
  | { readonly kind: "scripted"; readonly env: readonly string[] }
  | {
      readonly kind: "acp";
      readonly run: Argv;
      readonly preset?: string;
      readonly env: readonly string[];
      readonly permissions: Permissions;
    };

/** What becomes of an agent's requests for permission: a person is asked, or the answer is always the same. */
type Permissions = "ask" | "allow" | "deny";

export interface ClaimConfig {
  readonly ttlMs: number;
  /** The k-th node in an item's ranking waits k times this before it claims. */
  readonly staggerMs: number;
}

export interface RetryConfig {
  /** Attempts in a row that may bring nothing new. */
  readonly noProgress: number;
  readonly total: number;
  /** How often a gate command that failed runs again. */
  readonly flaky: number;
}

/** A program that prints a verdict, or an agent that is talked to. */
export type ReviewerConfig = Argv | ReviewerAgent;

/** It may look and say what it thinks; what else it asks permission for is refused, so there is nothing to choose. */
export type ReviewerAgent = Omit<Extract<AgentConfig, { readonly kind: "acp" }>, "permissions">;

export const isReviewerAgent = (reviewer: ReviewerConfig): reviewer is ReviewerAgent => "kind" in reviewer;

export interface QaConfig {
  readonly mode: "commands" | "agent" | "human";
  readonly reviewer?: ReviewerConfig | undefined;
  /** What the reviewer is told beside the story; nothing when it is empty. */
  readonly prompt: string;
  /** Nobody approves what their own node has coded. */
  readonly fourEyes: boolean;
  /** Nodes other than the coder's that must run the gate on the tree that is to land. */
  readonly witnesses: number;
}

export interface MergeConfig {
  /** Items that are tested together and land with one push. */
  readonly batch: number;
  /** Goes on with branches that conflict with the target branch; without one the agent begins them anew. */
  readonly resolver?: AgentConfig | undefined;
}

export interface LimitConfig {
  readonly agentWallMs: number;
  readonly agentIdleMs: number;
  readonly gateWallMs: number;
  readonly gateIdleMs: number;
  readonly outputBytes: number;
  /** Processor time of one run of the agent, all its processes together. */
  readonly agentCpuMs: number;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly diskBytes: number;
}

/** What a sandboxed process may reach; nothing when it is empty. See `parseHostPattern`. */
export interface NetworkConfig {
  readonly allow: readonly string[];
}

export interface AskConfig {
  /** How long an agent's question waits for an answer. */
  readonly timeoutMs: number;
  /** What answers it then; empty when nothing does. */
  readonly fallback: string;
}

/** What a model's tokens cost, in millionths of a dollar per million tokens; null where it is not said. */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
}

/** In millionths of a dollar; null where there is no cap. */
export interface BudgetConfig {
  readonly attempt: number | null;
  readonly item: number | null;
  readonly day: number | null;
  /** What becomes of work once it is not known what earlier work has cost. */
  readonly unknown: "refuse" | "allow";
}

export interface ProjectConfig {
  readonly project: string;
  /** The branch that finished work lands on. */
  readonly base: string;
  /** Name, URL or path of the repository to land on. */
  readonly remote: string;
  readonly agent: AgentConfig;
  /** Run in this order on the exact tree that lands. */
  readonly gate: readonly Argv[];
  readonly sandbox: SandboxKind;
  readonly network: NetworkConfig;
  readonly claim: ClaimConfig;
  readonly retries: RetryConfig;
  readonly qa: QaConfig;
  readonly merge: MergeConfig;
  readonly limits: LimitConfig;
  readonly ask: AskConfig;
  /** Patterns of files that are kept of the checkout that the gate ran in; none when it is left out. */
  readonly artifacts?: readonly string[] | undefined;
  readonly budget: BudgetConfig;
  /** By the model's name, for agents that tell only tokens. */
  readonly prices: ReadonlyMap<string, Price>;
}
