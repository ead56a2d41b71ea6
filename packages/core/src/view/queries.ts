/** Answers to the commands that only read the view, as plain JSON values. */
import { attemptMade, attemptsMade } from "../command/attempt-made.ts";
import { findItem, isLive, type LiveItem } from "../command/find.ts";
import type { CommandError } from "../command/error.ts";
import type { Command } from "../command/parse.ts";
import { partsByParent } from "../command/parts.ts";
import { isOpen, openQuestions, type Question } from "../fold/annotations.ts";
import { compareStamp } from "../op/stamp.ts";
import { digestOf } from "../fold/digest.ts";
import { FOLD_VERSION, type View } from "../fold/fold.ts";
import type { Spend } from "../fold/spend.ts";
import { isGreen, STAGES } from "../fold/stage.ts";
import { compareText } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Heads } from "../log/heads.ts";
import { isTicketDead, keysOf } from "../member/membership.ts";
import type { Crypto } from "../op/crypto.ts";
import type { LedgerKey } from "../op/bodies.ts";
import { feedOf } from "../op/frame.ts";
import { keptFiles } from "./artifacts.ts";
import { commentsOf, sayerOf } from "./comments.ts";
import { historyOf } from "./item-history.ts";
import { actionsOn } from "./item-actions.ts";
import { costOf, formatCost, ledgerBy, type LedgerRow, spendsOf, TOKEN_COUNTS } from "./ledger.ts";
import { budgetOn, overdrafts, rightsOn } from "./rights.ts";
import { mergeQueueOf } from "./merge-queue.ts";
import {
  chainOf,
  compareUrgency,
  type Naming,
  projectAttempts,
  projectItem,
  projectQuestion,
  projectWhole,
} from "./project.ts";
import { footprintOf, overlapsOf } from "./overlap.ts";
import { type StuckCause, stuckCauses, stuckItems } from "./stuck.ts";
import { reasonsOf } from "./waiting.ts";

export interface QueryContext {
  readonly view: View;
  readonly heads: Heads;
  readonly opCount: number;
  readonly naming: Naming;
  readonly crypto: Crypto;
  /** The day that it is for the node that answers, in UTC. */
  readonly today: string;
}

/** Plain data: only what JSON can carry. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** Undefined when the command is not one of these. */
export function query(command: Command, context: QueryContext): Result<Plain, CommandError> | undefined {
  switch (command.name) {
    case "item.list":
      return list(command.input, context);
    case "item.show":
      return withItem(command.input.item, context, (item) => show(item, context));
    case "item.history":
      return withItem(command.input.item, context, (item) => historyOf(item, context.view, context.naming));
    case "why":
      return withItem(command.input.item, context, (item) => ({
        id: item.id,
        title: item.registers.title.value,
        stage: item.best.state.stage.stage,
        why: reasonsOf(item, context.view, context.naming),
      }));
    case "stuck":
      return ok(stuck(context));
    case "artifacts":
      return artifacts(command.input.item, context);
    case "members":
      return ok(members(context));
    case "questions":
      return ok(questions(context));
    case "people":
      return ok(people(context));
    case "timers":
      return ok(timers(context));
    case "notices":
      return ok(notices(context));
    case "projects":
      return ok([...context.view.membership.projects.values()].map((project) => ({ ...project })));
    case "queue":
      return ok(queue(context));
    case "costs":
      return ok(costs(command.input.by, context));
    case "budget":
      return ok(budget(context));
    case "digest":
      return ok(digest(context));
    default:
      return undefined;
  }
}

function withItem(ref: string, { view }: QueryContext, answer: (item: LiveItem) => Plain): Result<Plain, CommandError> {
  const item = findItem(view, ref);
  return item.ok ? ok(answer(item.value)) : item;
}

function artifacts(ref: string | undefined, { view, naming }: QueryContext): Result<Plain, CommandError> {
  const rows = (item: LiveItem): readonly Plain[] => keptFiles(item, naming).map((file) => ({ ...file }));
  if (ref === undefined) return ok(liveItems(view).flatMap(rows));
  const item = findItem(view, ref);
  return item.ok ? ok(rows(item.value)) : item;
}

export const liveItems = (view: View): readonly LiveItem[] => [...view.items.values()].filter(isLive);

function list(
  input: { readonly stage?: string | undefined; readonly all: boolean },
  { view, naming }: QueryContext,
): Result<Plain, CommandError> {
  const stage = STAGES.find((one) => one.toLowerCase() === input.stage?.toLowerCase());
  if (input.stage !== undefined && stage === undefined) {
    return err({ code: "bad-input", message: `There is no stage "${input.stage}". There are ${STAGES.join(", ")}.` });
  }
  const wanted = liveItems(view).filter((item) => {
    const at = item.best.state.stage.stage;
    return stage === undefined ? input.all || at !== "Archived" : at === stage;
  });
  const order = (item: LiveItem): number => STAGES.indexOf(item.best.state.stage.stage);
  const sorted = wanted.toSorted((a, b) => order(a) - order(b) || compareUrgency(a, b));
  return ok(sorted.map((item) => projectWhole(item, naming)));
}

const show = (item: LiveItem, { view, naming }: QueryContext): Plain => ({
  ...projectWhole(item, naming),
  why: reasonsOf(item, view, naming),
  stuck: stuckCauses(item, view, naming).map(causeRow),
  parent: item.registers.parent.value,
  parts: (partsByParent(view.items).get(item.id) ?? []).toSorted(compareUrgency).map((part) => ({
    id: part.id,
    title: part.registers.title.value,
    stage: part.best.state.stage.stage,
  })),
  attemptLog: attemptLog(item, naming),
  cost: costText(spendsOf(item)),
  tip: tipOf(item),
  touches: footprintOf(item),
  overlaps: overlapsOf(item, view).map(({ item: other, on }) => ({
    item: other.id,
    title: other.registers.title.value,
    stage: other.best.state.stage.stage,
    on,
  })),
  evidence: item.annotations.attests.toSorted(compareStamp).map(({ member, wall, evidence }) => ({
    node: naming.nameOf(member),
    tree: evidence.tree,
    green: isGreen(evidence),
    at: wall,
    runs: evidence.runs.map((run) => ({ ...run })),
  })),
  approvals: item.annotations.approvals.toSorted(compareStamp).map(({ member, by, tip, note, wall }) => ({
    by: sayerOf({ by, author: member }, naming.nameOf),
    tip,
    note,
    at: wall,
  })),
  notes: [...item.annotations.notes]
    .toSorted((a, b) => a.lamport - b.lamport || compareText(a.id, b.id))
    .map(({ text, by, author, wall }) => ({ text, by: sayerOf({ by, author }, naming.nameOf), at: wall })),
  comments: commentsOf(item, naming),
  made: madeOf(item),
  actions: actionsOn(item, naming.qa?.()),
  asked: [...item.annotations.questions.values()]
    .toSorted((a, b) => a.lamport - b.lamport || compareText(a.id, b.id))
    .map((one) => askedAbout(item, one, naming)),
});

/** Each attempt with its agent, what it has cost, and the branch that is its own. */
function attemptLog(item: LiveItem, naming: Naming): readonly Plain[] {
  const made = attemptsMade(item);
  const spends = new Map<number, Spend[]>();
  for (const told of spendsOf(item)) spends.set(told.epoch, [...(spends.get(told.epoch) ?? []), told]);
  return [...projectAttempts(item, naming).values()]
    .toSorted((a, b) => a.epoch - b.epoch)
    .map((attempt) => {
      const told = spends.get(attempt.epoch) ?? [];
      const feature = made.get(attempt.epoch)?.feature;
      return {
        ...attempt,
        cost: costText(told),
        agent: told.at(-1)?.agent ?? "",
        branch: feature?.featureBranch ?? null,
        tip: feature?.tip ?? null,
        commitsAhead: feature?.commitsAhead ?? null,
      };
    });
}

/** The attempt that there is a branch of, for whoever wants to look at what it has changed. */
const madeOf = (item: LiveItem): Plain => {
  const made = attemptMade(item);
  return made === undefined ? null : { epoch: made.epoch, branch: made.feature.featureBranch, tip: made.feature.tip };
};

const stuck = ({ view, naming }: QueryContext): Plain =>
  stuckItems(view, naming).map(({ item, causes }) => ({
    item: item.id,
    title: item.registers.title.value,
    stage: item.best.state.stage.stage,
    causes: causes.map(causeRow),
  }));

const causeRow = ({ why, since, until, exit, command }: StuckCause): Plain => ({
  why,
  since,
  until: until ?? null,
  exit,
  command,
});

const tipOf = ({ best }: LiveItem): string | null => {
  const { stage } = best.state;
  return stage.stage === "Qa" || stage.stage === "Merge" ? stage.tip : null;
};

function budget({ view, naming, today }: QueryContext): Plain {
  const setting = budgetOn(view.membership, today);
  const rights = rightsOn(view, today);
  if (setting === undefined || rights === undefined) return { today, perDay: null, members: [], overdrafts: [] };
  const counting = [...rights.values()].filter(
    ({ share, received, spent, reserved }) => share + received + spent + reserved > 0,
  );
  return {
    today,
    perDay: setting.microUsd,
    spent: counting.reduce((sum, { spent }) => sum + spent, 0),
    members: counting
      .map(({ member, ...account }) => ({ name: naming.nameOf(member), ...account }))
      .toSorted((a, b) => compareText(a.name, b.name)),
    overdrafts: [...overdrafts(rights, naming.nameOf).values()],
  };
}

/** Null while nobody has told of any cost. */
const costText = (spends: readonly Spend[]): string | null => (spends.length === 0 ? null : formatCost(costOf(spends)));

function costs(by: LedgerKey, { view, naming }: QueryContext): Plain {
  const all = [...view.items.values()].flatMap(spendsOf);
  return {
    by,
    cost: costText(all),
    ...costOf(all),
    rows: ledgerBy(view, by, naming.nameOf).map((row) => ledgerRow(row, by, view)),
  };
}

const ledgerRow = ({ key, tokens, ...cost }: LedgerRow, by: LedgerKey, { items }: View): Plain => ({
  key,
  title: by === "item" || by === "attempt" ? (items.get(key.split("/")[0] ?? "")?.registers?.title.value ?? "") : "",
  cost: formatCost(cost),
  ...cost,
  tokens: Object.fromEntries(TOKEN_COUNTS.map((kind) => [kind, tokens.get(kind) ?? null])),
});

const askedAbout = ({ best }: LiveItem, asked: Question, { nameOf }: Naming): Plain => ({
  ...projectQuestion(asked),
  open: isOpen(asked, best.state),
  answer: asked.answer?.text ?? null,
  answeredBy: asked.answer === undefined ? null : sayerOf(asked.answer, nameOf),
  over: asked.over?.note ?? null,
});

const questions = ({ view, naming }: QueryContext): Plain =>
  liveItems(view)
    .flatMap((item) => openQuestions(item).map((asked) => ({ item, asked })))
    .toSorted((a, b) => a.asked.wall - b.asked.wall || compareText(a.asked.id, b.asked.id))
    .map(({ item, asked }) => ({
      item: item.id,
      title: item.registers.title.value,
      node: naming.nameOf(asked.asker),
      ...projectQuestion(asked),
    }));

function members({ view }: QueryContext): Plain {
  const { members: known, invites, meshName } = view.membership;
  return {
    mesh: meshName,
    members: [...known.values()].map(({ id, key, name, role, cut, joinedAt }) => ({
      id,
      key,
      earlierKeys: keysOf(view.membership, id).filter((one) => one !== key),
      name,
      role,
      joinedAt,
      removed: cut !== null,
    })),
    invites: [...invites.values()].map((invite) => ({ ...invite, dead: isTicketDead(view.membership, invite) })),
    rejected: Object.fromEntries(view.membership.rejected),
  };
}

function timers({ view: { chat } }: QueryContext): Plain {
  const said = new Set(
    [...chat.sent.values()].flatMap(({ purpose, about }) => (purpose === "reminder" ? [about] : [])),
  );
  const reminders = [...chat.timers.values()]
    .filter(({ id, cancelled }) => !cancelled && !said.has(id))
    .toSorted((a, b) => a.due - b.due)
    .map(({ id, due, account, room, item, text, by }) => ({ id, due, account, room, item, text, by }));
  return [...reminders, ...plans(chat)];
}

/** The timers that bring work about. When one that comes again is due next, the node that is asked works out. */
const plans = ({ plans: known, fired }: View["chat"]): readonly Plain[] =>
  [...known.values()]
    .filter(({ id, cancelled, cron }) => !cancelled && (cron !== "" || !fired.has(id)))
    .toSorted((a, b) => a.at - b.at || compareText(a.id, b.id))
    .map(({ id, at, cron, zone, catchUp, does, item, title, by }) => ({
      id,
      due: at === 0 ? null : at,
      cron,
      zone,
      catchUp,
      does,
      item,
      text: title,
      by,
      last: fired.get(id)?.[0] ?? null,
    }));

function queue({ view, naming }: QueryContext): Plain {
  const isVerified = (id: string): boolean => naming.landingOf(id).state === "verified";
  const { mode, note, line, aside, merger } = mergeQueueOf(view, {
    isExpired: naming.isExpired,
    isVerified,
    qa: naming.qa ?? (() => undefined),
  });
  // What witnesses sign is good for one tree, and that of a train is nobody's alone.
  const batch = (naming.qa?.()?.witnesses ?? 0) > 0 ? 1 : (naming.batch?.() ?? null);
  return {
    mode,
    note,
    merger: merger === undefined ? null : naming.nameOf(merger),
    batch,
    line: line.map((item, position) => ({
      ...queued(item, view, naming),
      position,
      // As planned; the merger makes shorter ones of those that are red.
      train: batch === null ? null : Math.floor(position / batch),
    })),
    aside: aside.map(({ item, why }) => ({ ...queued(item, view, naming), why })),
    // What a head that stands still is to blame for, in words.
    head: line[0] === undefined ? [] : reasonsOf(line[0], view, naming),
  };
}

function queued(item: LiveItem, view: View, naming: Naming): { readonly [key: string]: Plain } {
  const { id, title, priority, activity, claim, commitsAhead, branch } = projectItem(item, naming);
  const since = chainOf(item, item.best.id).find(({ kind }) => kind === "item.pass")?.wall ?? null;
  return {
    item: id,
    title,
    priority,
    since,
    node: claim?.nodeName ?? null,
    activity,
    branch,
    commitsAhead,
    overlaps: overlapsOf(item, view).map(({ item: { id: other } }) => other),
  };
}

const NOTICES_LISTED = 100;

function notices({ view: { chat } }: QueryContext): Plain {
  return [...chat.sent.values()]
    .filter(({ purpose }) => purpose !== "reply")
    .toSorted((a, b) => b.stamp.lamport - a.stamp.lamport)
    .slice(0, NOTICES_LISTED)
    .map(({ account, room, purpose, item, about, result, reason, stamp }) => ({
      at: stamp.wall,
      account,
      room,
      purpose,
      item,
      about,
      result,
      reason,
    }));
}

function people({ view, naming }: QueryContext): Plain {
  const { persons, pairings } = view.chat.people();
  return {
    people: [...persons.values()].map(({ name, role, member, principals }) => ({
      name,
      role,
      member: member === null ? null : naming.nameOf(member),
      principals,
    })),
    open: [...pairings.values()].flatMap(({ person, expires, used }) => (used ? [] : [{ person, expires }])),
  };
}

function digest({ view, heads, opCount, crypto }: QueryContext): Plain {
  // Of a forked feed the longest history: nodes name its branches as they came to know them.
  const feeds = new Map<string, number>();
  for (const head of heads.values()) {
    const feed = feedOf(head);
    feeds.set(feed, Math.max(head.seq, feeds.get(feed) ?? 0));
  }
  return {
    digest: digestOf(view, crypto),
    foldVersion: FOLD_VERSION,
    ops: opCount,
    heads: Object.fromEntries([...feeds].toSorted(([a], [b]) => compareText(a, b))),
  };
}
