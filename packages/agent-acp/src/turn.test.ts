import { agent, type AgentApp, type AgentContext, methods, ndJsonStream, RequestError } from "@agentclientprotocol/sdk";
import type { AgentQuestion, AgentSession, Processes, ProcessEnd, TurnResult, TurnSpec, Usage } from "@skein/node";
import { ok } from "@skein/core";
import { expect, test } from "vitest";

import { createTurnAgents, LEAVE_MS } from "./turn.ts";

/** A clock that stands still until somebody moves it. */
function createTime(): {
  readonly clock: { monoMs: () => number; wallMs: () => number; after: (ms: number, run: () => void) => () => void };
  readonly pass: (ms: number) => void;
} {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    clock: {
      monoMs: () => now,
      wallMs: () => 1_795_262_400_000 + now,
      after: (ms, run) => {
        const timer = { at: now + ms, run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    pass: (ms) => {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.run();
      }
    },
  };
}

interface Child {
  /** What it writes to standard output. */
  readonly write: (text: string) => void;
  readonly exit: (end: ProcessEnd) => void;
  /** The other side of the conversation, in this process. */
  readonly serve: (app: AgentApp) => void;
  readonly heard: () => string;
}

interface Stand {
  readonly result: Promise<TurnResult>;
  readonly child: Child;
  readonly log: () => string;
  readonly sessions: readonly AgentSession[];
  readonly used: readonly Usage[];
  readonly questions: readonly AgentQuestion[];
  readonly abort: () => void;
  readonly pass: (ms: number) => void;
}

/** Everything that waits in microtasks and in the streams between them has happened. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve));
};

function createStand(given: Partial<Pick<TurnSpec, "earlier" | "permissions" | "ask" | "onSession">> = {}): Stand {
  const { clock, pass } = createTime();
  const aborting = new AbortController();
  const log: Uint8Array[] = [];
  const sessions: AgentSession[] = [];
  const used: Usage[] = [];
  const questions: AgentQuestion[] = [];
  let toChild = "";
  let exit: (end: ProcessEnd) => void = () => undefined;
  let hear: (chunk: Uint8Array) => void = () => undefined;
  let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
  const input = new ReadableStream<Uint8Array>({
    start: (controller) => {
      feed = controller;
    },
  });
  const processes: Processes = {
    run: ({ talk }, signal) =>
      new Promise((resolve) => {
        exit = (end) => resolve({ end, durationMs: 1, outputBytes: 0, outputDigest: "" });
        signal.addEventListener("abort", () => exit({ type: "aborted" }));
        hear = (chunk) => talk?.hear(chunk);
        talk?.begin({
          write: (bytes) => {
            toChild += new TextDecoder().decode(bytes);
            feed?.enqueue(bytes);
            return "sent";
          },
          end: () => {
            toChild += "<end>";
          },
        });
      }),
  };
  const spec: TurnSpec = {
    process: {
      argv: ["agent"],
      cwd: "/clone",
      env: {},
      limits: { wallMs: 1, idleMs: 1, outputBytes: 1 },
      onOutput: (chunk) => log.push(chunk),
    },
    prompt: { fresh: "the story", again: "again" },
    earlier: undefined,
    permissions: "ask",
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(ok(question.options[0] ?? ""));
    },
    onUsage: (usage) => used.push(usage),
    onSession: (session) => sessions.push(session),
    ...given,
  };
  const result = createTurnAgents({ processes, clock, version: "1" }).run(spec, aborting.signal);
  const write = (text: string): void => hear(new TextEncoder().encode(text));
  return {
    result,
    child: {
      write,
      exit: (end) => exit(end),
      serve: (app) => {
        const output = new WritableStream<Uint8Array>({ write: (chunk) => hear(chunk) });
        app.connect(ndJsonStream(output, input));
      },
      heard: () => toChild,
    },
    log: () => Buffer.concat(log).toString(),
    sessions,
    used,
    questions,
    abort: () => aborting.abort(),
    pass,
  };
}

const said = (client: AgentContext, text: string): Promise<void> =>
  client.notify(methods.client.session.update, {
    sessionId: "s-1",
    update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } },
  });

const app = (prompt: Parameters<typeof promptHandler>[0], version = 1): AgentApp =>
  agent({ name: "test" })
    .onRequest(methods.agent.initialize, () => ({ protocolVersion: version }))
    .onRequest(methods.agent.session.new, ({ params }) => ({ sessionId: `s-1${params.cwd === "/clone" ? "" : "?"}` }))
    .onRequest(methods.agent.session.prompt, promptHandler(prompt));

const promptHandler =
  (run: (text: string, client: AgentContext) => Promise<{ stopReason: "end_turn" | "cancelled" }>) =>
  ({ params, client }: { params: { prompt: readonly { type: string }[] }; client: AgentContext }) => {
    const [block] = params.prompt;
    return run(block !== undefined && "text" in block ? String(block.text) : "", client);
  };

const ENDED = { stopReason: "end_turn" as const };

test("an agent hears the story, and after its turn it may go by itself", async () => {
  const stand = createStand();
  stand.child.serve(
    app(async (text, client) => {
      await said(client, `heard ${text}`);
      return ENDED;
    }),
  );
  await settle();
  expect(stand.child.heard()).toMatch(/<end>$/);
  stand.child.exit({ type: "exited", code: 0 });
  expect(await stand.result).toMatchObject({
    end: { type: "ended", words: "ended its turn", isDone: true },
    usage: {},
    said: "heard the story",
  });
  expect(stand.log()).toBe("heard the story");
  expect(stand.sessions).toEqual([{ id: "s-1" }, { id: "s-1" }]);
  expect(stand.child.heard()).toContain('"fs":{"readTextFile":false,"writeTextFile":false},"terminal":false');
});

test("one that stays after its turn is ended after a moment, and its turn counts all the same", async () => {
  const stand = createStand();
  stand.child.serve(app(() => Promise.resolve(ENDED)));
  await settle();
  stand.pass(LEAVE_MS - 1);
  await settle();
  stand.pass(1);
  expect(await stand.result).toMatchObject({ end: { type: "ended" }, process: { end: { type: "aborted" } } });
});

test("the end of a turn counts, and everything before it is in the log, also when the process goes at the same moment", async () => {
  const stand = createStand();
  stand.child.serve(
    app(async (_, client) => {
      for (let count = 0; count < 100; count++) await said(client, `${count} `);
      setImmediate(() => stand.child.exit({ type: "exited", code: 1 }));
      return ENDED;
    }),
  );
  expect(await stand.result).toMatchObject({ end: { type: "ended", words: "ended its turn" } });
  expect(stand.log()).toContain(" 98 99 ");
});

test("what a process says before it has a session is this machine's trouble, and after it the agent's", async () => {
  const early = createStand();
  early.child.write("Usage: agent [options]\n");
  expect((await early.result).end).toEqual({
    type: "not-started",
    why: "The agent wrote what is no message of its protocol: Usage: agent [options].",
  });
  const exited = createStand();
  await settle();
  exited.child.exit({ type: "exited", code: 3 });
  expect((await exited.result).end).toEqual({
    type: "not-started",
    why: "The agent ended with 3 before it had opened a session; the attempt's log has what it printed.",
  });
  const late = createStand();
  late.child.serve(
    app(() => {
      late.child.write("oops\n");
      return new Promise(() => undefined);
    }),
  );
  const result = await late.result;
  expect(result.end).toEqual({ type: "ended", words: "wrote what is no message of its protocol: oops" });
  const died = createStand();
  died.child.serve(app(() => new Promise(() => undefined)));
  await settle();
  died.child.exit({ type: "signalled", signal: "SIGKILL" });
  expect((await died.result).end).toEqual({ type: "process" });
});

test("another version of the protocol, a missing login and a session without a name start nothing, and are said", async () => {
  const why = async (served: AgentApp): Promise<string> => {
    const stand = createStand();
    stand.child.serve(served);
    await settle();
    stand.pass(LEAVE_MS);
    const { end } = await stand.result;
    return end.type === "not-started" ? end.why : JSON.stringify(end);
  };
  const never = (): Promise<never> => new Promise(() => undefined);
  expect(await why(app(never, 9))).toBe("The agent speaks version 9 of the protocol, and this node 1.");
  const hello = (): AgentApp =>
    agent({ name: "test" }).onRequest(methods.agent.initialize, () => ({ protocolVersion: 1 }));
  const login = hello().onRequest(methods.agent.session.new, () => {
    throw RequestError.authRequired();
  });
  expect(await why(login)).toBe("The agent has to be logged in on this machine: Authentication required.");
  expect(await why(hello().onRequest(methods.agent.session.new, () => ({ sessionId: "" })))).toContain("no name");
  expect(await why(hello())).toContain("The agent failed:");
});

test("an attempt that is stopped cancels the turn and the agent's questions, and ends one that does not care", async () => {
  const outcomes: unknown[] = [];
  const stand = createStand({
    ask: (question, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve({ ok: false, error: `not any more: ${question.options[0]}` }));
      }),
  });
  stand.child.serve(
    app(async (_, client) => {
      outcomes.push(
        await client.request(methods.client.session.requestPermission, {
          sessionId: "s-1",
          toolCall: { toolCallId: "1", title: "Delete it" },
          options: [{ optionId: "no", name: "No", kind: "reject_once" }],
        }),
      );
      return new Promise(() => undefined);
    }),
  );
  await settle();
  stand.abort();
  await settle();
  expect(outcomes).toEqual([{ outcome: { outcome: "cancelled" } }]);
  expect(stand.child.heard()).toContain('"method":"session/cancel","params":{"sessionId":"s-1"}');
  stand.pass(LEAVE_MS);
  expect(await stand.result).toMatchObject({ end: { type: "process" }, process: { end: { type: "aborted" } } });
});

test("an attempt that is stopped before there is a session has not begun: its agent has heard nothing that costs anything", async () => {
  const stand = createStand();
  await settle();
  expect(stand.child.heard()).toContain("initialize");
  stand.abort();
  const { end, process } = await stand.result;
  expect(process.end).toEqual({ type: "aborted" });
  expect(end).toEqual({ type: "not-started", why: "The agent was stopped before it had opened a session." });
});

test("an agent that says so when its turn is cancelled has not ended it by itself", async () => {
  let cancel: () => void = () => undefined;
  const cancelled = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const stand = createStand();
  stand.child.serve(
    app(async () => {
      await cancelled;
      return { stopReason: "cancelled" };
    }).onNotification(methods.agent.session.cancel, () => cancel()),
  );
  await settle();
  stand.abort();
  await settle();
  expect(stand.child.heard()).toMatch(/<end>$/);
  stand.child.exit({ type: "exited", code: 0 });
  expect((await stand.result).end).toEqual({ type: "process" });
});

test("a limit of the provider is told apart from a failure, with its time", async () => {
  const stand = createStand();
  stand.child.serve(
    app(() => Promise.reject(RequestError.internalError({ details: "Usage limit reached. Try again in 2 minutes." }))),
  );
  await settle();
  stand.pass(LEAVE_MS);
  expect((await stand.result).end).toEqual({
    type: "rate-limited",
    why: "Internal error: Usage limit reached. Try again in 2 minutes",
    until: 1_795_262_400_000 + 120_000,
  });
});

test("a fault of this program ends the agent and is raised, and is never taken for the agent's", async () => {
  const stand = createStand({
    onSession: () => {
      throw new Error("a bug");
    },
  });
  stand.child.serve(app(() => new Promise(() => undefined)));
  await expect(stand.result).rejects.toThrow("a bug");
});

test("files and terminals of the node are no methods here", async () => {
  const answers: unknown[] = [];
  const stand = createStand();
  stand.child.serve(
    app(async (_, client) => {
      const read = client.request(methods.client.fs.readTextFile, { sessionId: "s-1", path: "/etc/passwd" });
      const run = client.request(methods.client.terminal.create, { sessionId: "s-1", command: "sh" });
      for (const request of [read, run]) answers.push(await request.catch((cause: RequestError) => cause.code));
      return ENDED;
    }),
  );
  await settle();
  stand.pass(LEAVE_MS);
  await stand.result;
  expect(answers).toEqual([-32_601, -32_601]);
});

test("an earlier session is gone on with where the agent can, and a new one is opened where it has forgotten it", async () => {
  const serve = (load: () => Record<string, never>): AgentApp =>
    agent({ name: "test" })
      .onRequest(methods.agent.initialize, () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true } }))
      .onRequest(methods.agent.session.load, async ({ client }) => {
        await said(client, "told again");
        return load();
      })
      .onRequest(methods.agent.session.new, () => ({ sessionId: "s-2" }))
      .onRequest(
        methods.agent.session.prompt,
        promptHandler(async (text, client) => {
          await said(client, `heard ${text}`);
          return ENDED;
        }),
      );
  const known = createStand({ earlier: { id: "s-0", costUsd: 1 } });
  known.child.serve(serve(() => ({})));
  await settle();
  known.pass(LEAVE_MS);
  await known.result;
  expect(known.log()).toBe("The agent goes on with the session of its last attempt.\nheard again");
  expect(known.sessions.at(-1)).toEqual({ id: "s-0", costUsd: 1 });
  const forgotten = createStand({ earlier: { id: "s-0" } });
  forgotten.child.serve(
    serve(() => {
      throw RequestError.resourceNotFound("s-0");
    }),
  );
  await settle();
  forgotten.pass(LEAVE_MS);
  await forgotten.result;
  expect(forgotten.log()).toContain("a new one is opened.\nheard the story");
  expect(forgotten.sessions.at(-1)).toEqual({ id: "s-2" });
});
