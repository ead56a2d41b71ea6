/**
 * What a turn took, as far as the agent tells: the protocol's usage on the turn's result and in `usage_update`, and the
 * `_meta.quota` of Gemini CLI. What is not told stays unknown; it is never 0.
 */
import type { AgentSession, Usage } from "@skein/node";

import { harmlessLine } from "./harmless.ts";
import { amountAt, field, listAt, textAt } from "./untrusted.ts";

export interface UsageCount {
  /** The parameters of `session/update`. True when it tells of cost or model. */
  update(params: unknown): boolean;
  /** The result of opening the session: it may name the model. */
  opened(result: unknown): void;
  /** The result of the prompt. */
  ended(result: unknown): void;
  /** `earlier` is the session that was gone on with; its cost is not this turn's. */
  total(earlier: AgentSession | undefined): Usage;
  /** What the session has cost in all. */
  sessionCost(): number | undefined;
}

const MODEL_LONGEST = 100;

export function createUsageCount(): UsageCount {
  let model: string | undefined;
  let inputTokens: number | undefined;
  let outputTokens: number | undefined;
  let cacheReadTokens: number | undefined;
  let cacheWriteTokens: number | undefined;
  let cost: number | undefined;
  return {
    update: (params) => {
      const update = field(params, "update");
      const kind = textAt(update, "sessionUpdate");
      if (kind === "usage_update") cost = costOf(update) ?? cost;
      else if (kind === "config_option_update") model = modelOf(update) ?? model;
      else return false;
      return true;
    },
    opened: (result) => {
      model = modelOf(result) ?? model;
    },
    ended: (result) => {
      const usage = field(result, "usage");
      const quota = field(field(result, "_meta"), "quota");
      const counts = field(quota, "token_count");
      inputTokens = amountAt(usage, "inputTokens") ?? amountAt(counts, "input_tokens");
      outputTokens = amountAt(usage, "outputTokens") ?? amountAt(counts, "output_tokens");
      cacheReadTokens = amountAt(usage, "cachedReadTokens");
      cacheWriteTokens = amountAt(usage, "cachedWriteTokens");
      const models = listAt(quota, "model_usage").map((one) => textAt(one, "model"));
      if (models.length === 1) model = models[0] ?? model;
    },
    total: (earlier) => {
      const costUsd = costSince(cost, earlier);
      return {
        ...(model === undefined ? {} : { model: harmlessLine(model, MODEL_LONGEST) }),
        ...(inputTokens === undefined ? {} : { inputTokens }),
        ...(outputTokens === undefined ? {} : { outputTokens }),
        ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
        ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
        ...(costUsd === undefined ? {} : { costUsd }),
      };
    },
    sessionCost: () => cost,
  };
}

/** Another currency is no amount of dollars. */
function costOf(update: unknown): number | undefined {
  const cost = field(update, "cost");
  return textAt(cost, "currency") === "USD" ? amountAt(cost, "amount") : undefined;
}

/** Agents tell what the whole session has cost; one that counts anew for each process tells less than before. */
function costSince(cost: number | undefined, earlier: AgentSession | undefined): number | undefined {
  if (cost === undefined || earlier === undefined) return cost;
  if (earlier.costUsd === undefined) return undefined;
  return cost >= earlier.costUsd ? cost - earlier.costUsd : cost;
}

/** The session's option of the category `model`. */
function modelOf(result: unknown): string | undefined {
  const option = listAt(result, "configOptions").find((one) => textAt(one, "category") === "model");
  return textAt(option, "currentValue") ?? textAt(field(result, "models"), "currentModelId");
}
