import { expect, test } from "vitest";

import type { AgentSession, ProcessEnd, TurnEnd, TurnSpec, Usage } from "../ports.ts";
import { type AgentEnd, runTurn, type TurnContext, withHowTo } from "./turn.ts";

interface Ran {
  readonly end: AgentEnd;
  readonly notes: readonly string[];
  readonly told: TurnSpec | undefined;
  readonly kept: readonly (readonly [string, readonly string[], AgentSession])[];
}

interface Given {
  readonly end: TurnEnd;
  readonly processEnd?: ProcessEnd;
  readonly usage?: Usage;
  readonly earlier?: AgentSession;
  readonly note?: string;
}

async function ran({
  end,
  processEnd = { type: "exited", code: 0 },
  usage = {},
  earlier,
  note = "",
}: Given): Promise<Ran> {
  const notes: string[] = [];
  const kept: (readonly [string, readonly string[], AgentSession])[] = [];
  let told: TurnSpec | undefined;
  const context: TurnContext = {
    item: "abcdefghijkl",
    epoch: 3,
    signal: new AbortController().signal,
    note: (line) => notes.push(line),
    deps: {
      capture: () => ({ write: () => undefined, end: () => undefined }),
      talking: {
        agents: {
          run: (spec) => {
            told = spec;
            spec.onSession({ id: "s-1" });
            return Promise.resolve({
              end,
              usage,
              said: "",
              process: { end: processEnd, durationMs: 1, outputBytes: 0, outputDigest: "" },
            });
          },
        },
        sessions: {
          get: () => earlier,
          put: (...args) => {
            kept.push(args);
            return { ok: false, error: "The agent's session cannot be kept: ENOSPC." };
          },
        },
      },
    },
  };
  const process = {
    argv: ["agent"] as const,
    cwd: "/clone",
    env: {},
    limits: { wallMs: 1, idleMs: 1, outputBytes: 1 },
  };
  const request = {
    permissions: "ask" as const,
    story: "The story",
    note,
    goesOn: false,
    onUsage: () => undefined,
    ask: () => Promise.reject(new Error("?")),
  };
  return { end: await runTurn(context, process, request), notes, told, kept };
}

test("an agent that goes on hears what became of its last attempt, and where it is now", async () => {
  const { told, kept, notes } = await ran({
    end: { type: "ended", words: "ended its turn" },
    earlier: { id: "s-0" },
    note: "The gate is red.",
  });
  expect(told?.prompt.fresh).toBe("The story");
  expect(told?.prompt.again).toContain("That attempt has not landed. The gate is red.");
  expect(told?.prompt.again).toContain("a fresh clone of the target branch");
  expect(told?.prompt.again).toMatch(/The story$/);
  expect(told?.earlier).toEqual({ id: "s-0" });
  expect(kept).toEqual([["abcdefghijkl", ["agent"], { id: "s-1" }]]);
  expect(notes).toEqual(["The agent's session cannot be kept: ENOSPC."]);
  const cut = await ran({ end: { type: "process" } });
  expect(cut.told?.prompt.again).toContain("It was cut off before its end.");
});

test.each([
  [{ type: "exited", code: 3 }, "exited with 3 in the middle of its turn"],
  [{ type: "signalled", signal: "SIGKILL" }, "was ended by SIGKILL in the middle of its turn"],
  [{ type: "limit", limit: "idle" }, "passed its idle limit"],
  [{ type: "aborted" }, "was stopped"],
] satisfies readonly (readonly [ProcessEnd, string])[])(
  "a process that ended first is said: %j",
  async (processEnd, words) => {
    expect((await ran({ end: { type: "process" }, processEnd })).end).toEqual({ type: "ended", words, usage: {} });
  },
);

test("what kept an agent from starting, and a limit of its provider, are no end of an attempt", async () => {
  const missing: ProcessEnd = { type: "not-started", message: "There is no such program." };
  expect((await ran({ end: { type: "process" }, processEnd: missing })).end).toEqual({
    type: "not-started",
    why: "There is no such program.",
  });
  const login: TurnEnd = { type: "not-started", why: "Log in." };
  expect((await ran({ end: login })).end).toEqual(login);
  const limit: TurnEnd = { type: "rate-limited", why: "Too much", until: 7 };
  expect((await ran({ end: limit })).end).toEqual({ ...limit, usage: {} });
});

test("what an agent used is handed on as it was told, and in the log", async () => {
  const end: TurnEnd = { type: "ended", words: "ended its turn" };
  const usage = { model: "big-one", inputTokens: 10, costUsd: 0.125 };
  const told = await ran({ end, usage });
  expect(told.end).toEqual({ ...end, usage });
  expect(told.notes).toContain("The agent tells what it used: 10 tokens in, 0.1250 USD, with big-one.");
  const silent = await ran({ end, usage: { model: "big-one" } });
  expect(silent.notes.join()).not.toContain("used");
});

test("agents that know nothing of Skein are told what counts, and programs that do are told the story alone", () => {
  const run = ["agent"] as const;
  const told = withHowTo({ kind: "acp", run, env: [], permissions: "ask" }, "The story\n", "skein/a/1");
  expect(told).toMatch(/^The story\n\n## How to work here\n/);
  expect(told).toContain("on the branch skein/a/1");
  expect(withHowTo({ kind: "command", run, preset: "codex", env: [] }, "The story\n", "b")).toContain(
    "only commits count",
  );
  expect(withHowTo({ kind: "command", run, env: [] }, "The story\n", "b")).toBe("The story\n");
  expect(withHowTo({ kind: "scripted", env: [] }, "The story\n", "b")).toBe("The story\n");
});
