/**
 * One turn of an ACP agent: its process, the conversation over it, and one end for both.
 *
 *     process starts ─► initialize ─► session/resume | load | new ─► session/prompt ─► stop reason ─► stdin ends ─► tree ends
 *                            │                                            │
 *                            └─ no session: this machine's trouble        ├─ breach, error, limit, exit ─► tree ends
 *                                                                         └─ stopped: session/cancel ─► a moment ─► tree ends
 *
 * The agent gets no rights from the conversation: no files, no terminals, no servers of ours. It works with its own tools
 * where its process runs, and what it says is data.
 */
import { client, type ClientConnection, methods, RequestError } from "@agentclientprotocol/sdk";
import type {
  Cancel,
  Clock,
  Processes,
  ProcessResult,
  TalkLine,
  TurnAgents,
  TurnEnd,
  TurnResult,
  TurnSpec,
  Usage,
} from "@skein/node";

import { answerRequests } from "./answering.ts";
import { failureWords, isDone, said, stopWords } from "./end-words.ts";
import { rateLimitOf } from "./rate-limit.ts";
import { openSession, type OpenSession } from "./session.ts";
import { createTranscript, type Transcript } from "./transcript.ts";
import { field } from "./untrusted.ts";
import { createUsageCount, type UsageCount } from "./usage.ts";
import { createWire, type Wire } from "./wire.ts";

export interface TurnAgentsOptions {
  readonly processes: Processes;
  readonly clock: Clock;
  /** This program's version, which agents are told. */
  readonly version: string;
}

/** How long an agent that was told to stop, or is done, may take to go by itself. */
export const LEAVE_MS = 2_000;

export function createTurnAgents(options: TurnAgentsOptions): TurnAgents {
  return { run: (spec, signal) => runTurn(spec, signal, options) };
}

interface Turn {
  readonly spec: TurnSpec;
  readonly options: TurnAgentsOptions;
  readonly transcript: Transcript;
  readonly usage: UsageCount;
  readonly wire: Wire;
  /** Nobody wants an answer of the agent any more. */
  readonly stopped: AbortController;
  /** Ends the process tree. */
  readonly ending: AbortController;
  line: TalkLine | undefined;
  connection: ClientConnection | undefined;
  session: OpenSession | undefined;
  /** What the agent did that ends every conversation; a clause that follows "The agent". */
  breach: string | undefined;
  cancelLeaving: Cancel;
}

async function runTurn(spec: TurnSpec, signal: AbortSignal, options: TurnAgentsOptions): Promise<TurnResult> {
  const turn = createTurn(spec, options);
  let talked: Promise<TurnEnd | undefined> = Promise.resolve(undefined);
  const onAbort = (): void => stop(turn);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) stop(turn);
  const begin = (line: TalkLine): void => {
    turn.line = line;
    turn.wire.begin(line);
    talked = converse(turn).finally(() => leave(turn));
    // Raised once the process is gone; until then nobody waits for it.
    talked.catch(() => turn.ending.abort());
  };
  const process = await options.processes.run(
    { ...spec.process, stdin: "", onOutput: turn.transcript.raw, talk: { begin, hear: turn.wire.hear } },
    turn.ending.signal,
  );
  signal.removeEventListener("abort", onAbort);
  turn.wire.finish();
  const end = await talked;
  turn.stopped.abort();
  turn.cancelLeaving();
  return {
    end: signal.aborted ? endOfStopped(turn) : (end ?? endOfProcess(turn, process)),
    process,
    usage: usageOf(turn),
    said: turn.transcript.said(),
  };
}

const usageOf = ({ usage, session, spec }: Turn): Usage =>
  usage.total(session?.isEarlier === true ? spec.earlier : undefined);

function createTurn(spec: TurnSpec, options: TurnAgentsOptions): Turn {
  const transcript = createTranscript(spec.process.onOutput);
  const usage = createUsageCount();
  const turn: Turn = {
    spec,
    options,
    transcript,
    usage,
    wire: createWire({
      clock: options.clock,
      onUpdate: (params) => {
        // What is told before there is a session is of an earlier turn.
        if (usage.update(params) && turn.session !== undefined) spec.onUsage(usageOf(turn));
        transcript.update(params);
      },
      onBreach: (words) => {
        turn.breach = words;
        turn.connection?.close();
      },
    }),
    stopped: new AbortController(),
    ending: new AbortController(),
    line: undefined,
    connection: undefined,
    session: undefined,
    breach: undefined,
    cancelLeaving: () => undefined,
  };
  return turn;
}

// ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The attempt is over: an agent in its turn hears of it and may put its things in order, for a moment. */
function stop(turn: Turn): void {
  turn.stopped.abort();
  const { connection, session } = turn;
  if (connection === undefined || session === undefined || connection.signal.aborted) {
    turn.ending.abort();
    return;
  }
  endLater(turn);
  void connection.agent.notify(methods.agent.session.cancel, { sessionId: session.id }).catch(() => {
    // The conversation ended at this very moment, and so does the process.
  });
}

/** The conversation is over. Whoever broke the protocol is not waited for. */
function leave(turn: Turn): void {
  turn.line?.end();
  if (turn.breach !== undefined) turn.ending.abort();
  else endLater(turn);
}

function endLater(turn: Turn): void {
  turn.cancelLeaving();
  turn.cancelLeaving = turn.options.clock.after(LEAVE_MS, () => turn.ending.abort());
}

/** Without a session the agent has not heard the story: it has done nothing, and nothing of it has cost anything. */
const endOfStopped = ({ session }: Turn): TurnEnd =>
  session === undefined
    ? { type: "not-started", why: "The agent was stopped before it had opened a session." }
    : { type: "process" };

/** The process ended before the conversation did. */
function endOfProcess(turn: Turn, { end }: ProcessResult): TurnEnd {
  const isTold = end.type === "aborted" || end.type === "not-started" || end.type === "no-room";
  if (turn.session !== undefined || isTold) return { type: "process" };
  const how =
    end.type === "exited"
      ? `ended with ${end.code}`
      : end.type === "limit"
        ? `passed its ${end.limit} limit`
        : `was ended by ${end.signal}`;
  return {
    type: "not-started",
    why: `The agent ${how} before it had opened a session; the attempt's log has what it printed.`,
  };
}

// ── the conversation ────────────────────────────────────────────────────────────────────────────────────────────────

/** Undefined when the process ended in the middle of it. */
async function converse(turn: Turn): Promise<TurnEnd | undefined> {
  const { spec, transcript, stopped, usage } = turn;
  const app = client({ name: "skein" });
  answerRequests(app, { permissions: spec.permissions, ask: spec.ask, say: transcript.say, stopped: stopped.signal });
  const connection = app.connect(turn.wire.stream);
  turn.connection = connection;
  try {
    const opened = await openSession(connection.agent, {
      cwd: spec.process.cwd,
      earlier: spec.earlier,
      version: turn.options.version,
      say: transcript.say,
      onReplay: transcript.mute,
    });
    if (!opened.ok) return { type: "not-started", why: opened.error };
    turn.session = opened.value;
    usage.opened(opened.value.told);
    keepSession(turn, opened.value);
    const text = opened.value.isEarlier ? spec.prompt.again : spec.prompt.fresh;
    const result: unknown = await connection.agent.request(methods.agent.session.prompt, {
      sessionId: opened.value.id,
      prompt: [{ type: "text", text }],
    });
    usage.ended(result);
    keepSession(turn, opened.value);
    const reason = field(result, "stopReason");
    return { type: "ended", words: stopWords(reason), ...(isDone(reason) ? { isDone: true } : {}) };
  } catch (cause) {
    return failureOf(turn, cause);
  } finally {
    connection.close();
  }
}

/** As soon as there is a session, because a node may be killed in the middle of the turn; and with its cost. */
function keepSession({ spec, usage }: Turn, { id, isEarlier }: OpenSession): void {
  const costUsd = usage.sessionCost() ?? (isEarlier ? spec.earlier?.costUsd : undefined);
  spec.onSession({ id, ...(costUsd === undefined ? {} : { costUsd }) });
}

const AUTH_REQUIRED = -32_000;

function failureOf(turn: Turn, cause: unknown): TurnEnd | undefined {
  const isWorking = turn.session !== undefined;
  if (turn.breach !== undefined) {
    return isWorking
      ? { type: "ended", words: turn.breach }
      : { type: "not-started", why: `The agent ${turn.breach}.` };
  }
  if (!(cause instanceof RequestError)) {
    if (turn.connection?.signal.aborted === true) return undefined;
    throw cause;
  }
  const { code, message, data } = cause;
  const limit = rateLimitOf({ code, message, data }, turn.options.clock.wallMs());
  if (limit !== undefined) return { type: "rate-limited", why: said(reasonOf(cause)), ...limit };
  if (code === AUTH_REQUIRED) {
    return { type: "not-started", why: `The agent has to be logged in on this machine: ${said(message)}.` };
  }
  const words = failureWords(reasonOf(cause));
  return isWorking ? { type: "ended", words } : { type: "not-started", why: `The agent ${words}.` };
}

/** "Internal error" alone helps nobody; what is behind it is in the data. */
function reasonOf({ message, data }: RequestError): string {
  const details = typeof data === "string" ? data : (field(data, "details") ?? field(data, "message"));
  return typeof details === "string" && details !== "" ? `${message}: ${details}` : message;
}
