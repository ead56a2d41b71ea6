import { expect, test } from "vitest";

import { createUsageCount } from "./usage.ts";

const cost = (amount: unknown, currency = "USD"): unknown => ({
  update: { sessionUpdate: "usage_update", used: 1, size: 2, cost: { amount, currency } },
});

test("what an agent does not tell is not there, and never 0", () => {
  const count = createUsageCount();
  count.opened({ sessionId: "s" });
  count.update({ update: { sessionUpdate: "usage_update", used: 53_000, size: 200_000 } });
  count.update(cost(3, "EUR"));
  count.update(cost(Number.NaN));
  count.update(cost(-1));
  count.update(cost("0.5"));
  count.ended({ stopReason: "end_turn", usage: null, _meta: { quota: { token_count: null, model_usage: [] } } });
  expect(count.total(undefined)).toEqual({});
  expect(count.sessionCost()).toBeUndefined();
});

test("the protocol's own counts are read, and the last cost of the session", () => {
  const count = createUsageCount();
  count.opened({ configOptions: [{ id: "m", category: "model", type: "select", currentValue: "big-one" }] });
  count.update(cost(0.1));
  count.update(cost(0.4));
  count.ended({ stopReason: "end_turn", usage: { totalTokens: 15, inputTokens: 10, outputTokens: 0 } });
  expect(count.total(undefined)).toEqual({ model: "big-one", inputTokens: 10, outputTokens: 0, costUsd: 0.4 });
});

test("Gemini CLI tells in _meta what it used, and with which model", () => {
  const count = createUsageCount();
  count.ended({
    stopReason: "end_turn",
    _meta: {
      quota: {
        token_count: { input_tokens: 20, output_tokens: 8 },
        model_usage: [{ model: "gemini-pro", token_count: { input_tokens: 20, output_tokens: 8 } }],
      },
    },
  });
  expect(count.total(undefined)).toEqual({ model: "gemini-pro", inputTokens: 20, outputTokens: 8 });
});

test("of a session that was gone on with only the new part is this turn's cost", () => {
  const count = createUsageCount();
  count.update(cost(1));
  expect(count.total({ id: "s", costUsd: 0.75 })).toEqual({ costUsd: 0.25 });
  // It counts anew for each process.
  expect(count.total({ id: "s", costUsd: 3 })).toEqual({ costUsd: 1 });
  // Nobody knows what it cost before.
  expect(count.total({ id: "s" })).toEqual({});
});
