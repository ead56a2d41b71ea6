/**
 * The questions of a running agent: from its directory into the log, and the answer back.
 *
 *     name.json ─► item.ask ─► … somebody answers on any node … ─► item.unask (this answer) ─► name.answer
 *                     ├─ nobody does, with a fallback ─► item.answer by "timeout" + item.unask ─► name.answer
 *                     ├─ nobody does, without one ─────► item.unask ───────────────────────────► name.error
 *                     └─ the agent ends ───────────────► item.unask
 *
 * An agent that is talked to asks in its conversation instead, through `ask`; the rest is the same.
 *
 * What the agent gets is in the log before it gets it. Its silence is excused while it waits; its wall limit is not.
 */
import { formatDuration } from "@skein/config";
import { type CommandError, type Draft, encode, err, ok, type Question, type Result, toHex } from "@skein/core";

import type { NotSaved } from "../journal.ts";
import type { AgentQuestion, AskedFile, AskingPlace, Cancel, Excuse } from "../ports.ts";
import { type AskedQuestion, checkQuestion, readQuestion } from "./asked-question.ts";
import { type AttemptContext, heldItem } from "./attempt-context.ts";

export interface AgentQuestions {
  /** Where the agent puts its questions. */
  readonly directory: string;
  readonly excuse: Excuse;
  /** Resolves with the answer, or with one sentence saying why there is none. Aborted: nobody waits for it any more. */
  readonly ask: (question: AgentQuestion, signal: AbortSignal) => Promise<Result<string, string>>;
  /** What the agent has put into its `usage.jsonl` so far. */
  readonly readUsage: AskingPlace["readUsage"];
  /** The agent has ended: what is still asked is withdrawn. */
  close(): Promise<void>;
}

const QUESTIONS_MAX = 16;
/** Requests for permission come by the dozen where nothing is allowed for good. */
const REQUESTS_MAX = 64;
const NOT_SAVED_RETRY_MS = 1_000;
const ENDED = "The agent ended before it had an answer.";
const GONE = "The agent does not wait for an answer any more.";

interface Waiting {
  readonly name: string;
  readonly question: string;
  readonly text: string;
  readonly fallbacks: ReadonlyMap<string, string>;
  /** Tells the agent. */
  readonly reply: (outcome: Outcome) => Result<void, string>;
  /** The agent has ended, or is being ended. */
  readonly hangUp: () => void;
  /** The agent does not wait for an answer any more. */
  isGone: boolean;
  /** The timeout has passed. */
  isLate: boolean;
  /** What ends it is being written. */
  isEnding: boolean;
  cancel: Cancel;
}

interface Desk {
  readonly context: AttemptContext;
  readonly place: AskingPlace;
  readonly waiting: Map<string, Waiting>;
  /** How many were asked so far, in files and in conversation. */
  asked: number;
  requests: number;
  isClosed: boolean;
  onEnded: () => void;
}

/** `activity` is what the board shows while nothing is asked. */
export function hearAgent(context: AttemptContext, activity: string): Result<AgentQuestions, string> {
  const { item, epoch, deps } = context;
  const listeners: (() => void)[] = [];
  const opened = deps.asking.open(
    { item, epoch },
    (file) => void askInFile(desk, file),
    (message) => context.note(message),
  );
  if (!opened.ok) return opened;
  const desk: Desk = {
    context,
    place: opened.value,
    waiting: new Map(),
    asked: 0,
    requests: 0,
    isClosed: false,
    onEnded: () => {
      if (desk.isClosed || desk.waiting.size > 0) return;
      context.say(activity);
      for (const listener of listeners) listener();
    },
  };
  const forget = context.onChanged(() => look(desk));
  return ok({
    directory: opened.value.directory,
    excuse: { holds: () => desk.waiting.size > 0, onEnd: (listener) => listeners.push(listener) },
    readUsage: () => opened.value.readUsage(),
    ask: (question, signal) => askInTalk(desk, question, signal),
    close: async () => {
      desk.isClosed = true;
      forget();
      for (const { cancel, hangUp } of desk.waiting.values()) {
        cancel();
        hangUp();
      }
      await opened.value.close();
      await withdraw(desk);
    },
  });
}

// ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async function askInFile(desk: Desk, { name, content }: AskedFile): Promise<void> {
  if (desk.isClosed) return;
  const { place, context } = desk;
  const reply = (outcome: Outcome): Result<void, string> =>
    outcome.type === "answer" ? place.answer(name, outcome.text) : place.refuse(name, outcome.why);
  const read = content.ok ? readQuestion(content.value) : content;
  if (!read.ok) return refuse(desk, name, reply, read.error);
  if (desk.asked >= QUESTIONS_MAX) {
    return refuse(desk, name, reply, `An attempt asks at most ${QUESTIONS_MAX} questions.`);
  }
  desk.asked += 1;
  const question = questionId(context, name);
  await pose(desk, read.value, { ...newEntry(name, question, read.value.text), reply });
}

/** Asked in the agent's conversation: a question of its own each time, whatever was asked before under this claim. */
function askInTalk(
  desk: Desk,
  { text, options, fallbacks }: AgentQuestion,
  signal: AbortSignal,
): Promise<Result<string, string>> {
  const checked = checkQuestion({ text, options });
  if (!checked.ok) return Promise.resolve(checked);
  if (desk.isClosed || signal.aborted) return Promise.resolve(err(ENDED));
  const known = heldItem(desk.context)?.annotations.questions;
  let name: string;
  do {
    if (desk.requests >= REQUESTS_MAX) {
      return Promise.resolve(err(`An attempt asks for at most ${REQUESTS_MAX} permissions.`));
    }
    desk.requests += 1;
    name = `request ${desk.requests}`;
  } while (known?.has(questionId(desk.context, name)) === true);
  const question = questionId(desk.context, name);
  return new Promise((resolve) => {
    const reply = (outcome: Outcome): Result<void, string> => {
      signal.removeEventListener("abort", onGone);
      resolve(outcome.type === "answer" ? ok(outcome.text) : err(outcome.why));
      return ok(undefined);
    };
    const hangUp = (): void => void reply({ type: "none", why: ENDED });
    const entry: Waiting = { ...newEntry(name, question, text), fallbacks, reply, hangUp };
    const onGone = (): void => {
      entry.isGone = true;
      hangUp();
      void conclude(desk, entry);
    };
    signal.addEventListener("abort", onGone, { once: true });
    void pose(desk, checked.value, entry);
  });
}

const newEntry = (name: string, question: string, text: string): Omit<Waiting, "reply"> => ({
  name,
  question,
  text,
  fallbacks: new Map(),
  hangUp: () => undefined,
  isGone: false,
  isLate: false,
  isEnding: true,
  cancel: () => undefined,
});

async function pose(desk: Desk, asked: AskedQuestion, entry: Waiting): Promise<void> {
  const { context } = desk;
  const { name, question, text } = entry;
  desk.waiting.set(name, entry);
  const written = await context.deps.journal.write<CommandError>(() => askDrafts(context, question, asked));
  if (desk.isClosed) return;
  if (!written.ok) {
    end(desk, entry);
    refuse(desk, name, entry.reply, `The question was not asked: ${written.error.message}`);
    return;
  }
  entry.isEnding = false;
  // As the log has it: without the secrets of this node.
  const said = inLog(context, entry)?.text ?? "";
  context.say(`waiting for an answer: ${said.slice(0, 80)}`);
  context.note(`The agent asks (${name}): ${text}`);
  entry.cancel = context.deps.clock.after(context.project.config().ask.timeoutMs, () => {
    entry.isLate = true;
    void conclude(desk, entry);
  });
  if (entry.isGone) void conclude(desk, entry);
  else look(desk);
}

/** The same file of the same attempt is the same question, and two holders of one epoch ask two. */
const questionId = ({ claimOp, deps }: AttemptContext, name: string): string =>
  toHex(deps.crypto.sha256(encode(["skein/question/1", claimOp, name]))).slice(0, 20);

function askDrafts(
  context: AttemptContext,
  question: string,
  { text, options }: AskedQuestion,
): Result<readonly Draft[], CommandError> {
  const item = heldItem(context);
  if (item === undefined) return err({ code: "not-legal", message: "The claim is not this node's any more." });
  if (item.annotations.questions.has(question)) return ok([]);
  return ok([{ entity: item.id, on: item.best.id, body: { kind: "item.ask", question, text, options } }]);
}

function refuse({ context }: Desk, name: string, reply: Waiting["reply"], why: string): void {
  context.note(`A question of the agent (${name}) got no answer: ${why}`);
  const told = reply({ type: "none", why });
  if (!told.ok) context.note(told.error);
}

function end(desk: Desk, entry: Waiting): void {
  entry.cancel();
  desk.waiting.delete(entry.name);
  desk.onEnded();
}

// ── answering ───────────────────────────────────────────────────────────────────────────────────────────────────────

const inLog = ({ deps, item }: AttemptContext, { question }: Waiting): Question | undefined =>
  deps.replica.view().items.get(item)?.annotations.questions.get(question);

/** Something about the item has changed: maybe an answer came. */
function look(desk: Desk): void {
  for (const entry of desk.waiting.values()) {
    if (inLog(desk.context, entry)?.answer !== undefined) void conclude(desk, entry);
  }
}

type Outcome =
  | { readonly type: "answer"; readonly text: string; readonly by: string }
  | { readonly type: "none"; readonly why: string };

/** Says in the log which answer the agent gets, or that it gets none; then the agent hears it. */
async function conclude(desk: Desk, entry: Waiting): Promise<void> {
  if (desk.isClosed || entry.isEnding) return;
  entry.isEnding = true;
  const { context } = desk;
  let outcome: Outcome = { type: "none", why: "The question is gone." };
  const written = await context.deps.journal.write<NotSaved>(() => {
    const decided = outcomeOf(context, entry);
    outcome = decided.outcome;
    return ok(decided.drafts);
  });
  if (desk.isClosed) return;
  if (!written.ok) {
    entry.isEnding = false;
    entry.cancel();
    entry.cancel = context.deps.clock.after(NOT_SAVED_RETRY_MS, () => void conclude(desk, entry));
    return;
  }
  const heard = entry.reply(outcome);
  context.note(heard.ok ? wordsOf(entry, outcome) : heard.error);
  end(desk, entry);
}

const wordsOf = ({ name }: Waiting, outcome: Outcome): string =>
  outcome.type === "answer"
    ? `The agent got an answer (${name})${outcome.by === "" ? "" : ` by ${outcome.by}`}: ${outcome.text}`
    : `The agent got no answer (${name}): ${outcome.why}`;

interface Conclusion {
  readonly outcome: Outcome;
  readonly drafts: readonly Draft[];
}

function outcomeOf(context: AttemptContext, entry: Waiting): Conclusion {
  const asked = inLog(context, entry);
  if (asked === undefined) return { outcome: { type: "none", why: "The question is gone." }, drafts: [] };
  const { answer, over, question, options } = asked;
  const unask = (on: Draft["on"], note: string): Draft => ({
    entity: context.item,
    on,
    body: { kind: "item.unask", question, note },
  });
  if (answer !== undefined) {
    const drafts = over === undefined ? [unask(answer.id, "")] : [];
    return { outcome: { type: "answer", text: answer.text, by: answer.by }, drafts };
  }
  if (over !== undefined) return { outcome: { type: "none", why: over.note }, drafts: [] };
  if (entry.isGone) return { outcome: { type: "none", why: GONE }, drafts: [unask(asked.id, GONE)] };
  const { timeoutMs, fallback: word } = context.project.config().ask;
  const why = `Nobody answered within ${formatDuration(timeoutMs)}.`;
  const fallback = options.includes(word) ? word : (entry.fallbacks.get(word) ?? word);
  if (fallback === "" || (options.length > 0 && !options.includes(fallback))) {
    return { outcome: { type: "none", why }, drafts: [unask(asked.id, why)] };
  }
  const body = { kind: "item.answer", question, text: fallback, by: TIMEOUT } as const;
  const drafts = [{ entity: context.item, on: asked.id, body }, unask({ draft: 0 }, why)];
  return { outcome: { type: "answer", text: fallback, by: TIMEOUT }, drafts };
}

/** Who has answered when nobody has. */
const TIMEOUT = "timeout";

/** Rooms go on asking until the log says that nobody waits any more. */
async function withdraw({ context, waiting }: Desk): Promise<void> {
  if (waiting.size === 0) return;
  const written = await context.deps.journal.write<NotSaved>(() =>
    ok(
      [...waiting.values()].flatMap((entry): readonly Draft[] => {
        const asked = inLog(context, entry);
        if (asked === undefined || asked.over !== undefined) return [];
        const body = { kind: "item.unask", question: asked.question, note: ENDED } as const;
        return [{ entity: context.item, on: asked.id, body }];
      }),
    ),
  );
  if (!written.ok) context.note(`The agent's questions could not be withdrawn: ${written.error.message}`);
}
