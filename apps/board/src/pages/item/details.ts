/** What the node tells of one item, and how the page keeps up with it. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import type {
  ActionsOn,
  BoardComment,
  BoardItem,
  BoardNode,
  GateRun,
  HistoryRow,
  KeptFile,
  WholeItem,
} from "@skein/core";
import { useEffect } from "preact/hooks";
import type { Answer, Session } from "../../session.ts";

export interface Attempt {
  readonly epoch: number;
  readonly nodeName: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: string;
  readonly note: string;
  readonly cost: string | null;
  readonly agent: string;
  /** Null where it has made none of its own. */
  readonly branch: string | null;
  readonly tip: string | null;
  readonly commitsAhead: number | null;
}

export interface Asked {
  readonly question: string;
  readonly text: string;
  readonly options: readonly string[];
  readonly askedAt: number;
  readonly open: boolean;
  readonly answer: string | null;
  readonly answeredBy: string | null;
  readonly over: string | null;
}

export interface Evidence {
  readonly node: string;
  readonly tree: string;
  readonly green: boolean;
  readonly at: number;
  readonly runs: readonly GateRun[];
}

interface Named {
  readonly id: string;
  readonly title: string;
  readonly stage: string;
}

/** A command of the registry that ends a cause. */
export interface ExitCommand {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface StuckCause {
  readonly why: string;
  readonly since: number;
  /** When it ends by itself. */
  readonly until: number | null;
  /** A line for a shell. */
  readonly exit: string;
  /** Null where the line only tells more. */
  readonly command: ExitCommand | null;
}

/** `GET /api/v1/items/:item`. */
export interface Details extends Omit<WholeItem, "cost"> {
  readonly why: readonly string[];
  /** Empty when it moves, waits its turn, or was never started. */
  readonly stuck: readonly StuckCause[];
  readonly parent: string;
  readonly parts: readonly Named[];
  readonly overlaps: readonly (Named & { readonly on: readonly string[] })[];
  readonly attemptLog: readonly Attempt[];
  readonly cost: string | null;
  readonly tip: string | null;
  readonly evidence: readonly Evidence[];
  readonly approvals: readonly {
    readonly by: string;
    readonly tip: string;
    readonly note: string;
    readonly at: number;
  }[];
  readonly notes: readonly { readonly text: string; readonly by: string; readonly at: number }[];
  readonly comments: readonly BoardComment[];
  readonly made: { readonly epoch: number; readonly branch: string; readonly tip: string } | null;
  readonly actions: ActionsOn;
  readonly asked: readonly Asked[];
}

/** `GET /api/v1/items/:item/diff`. */
export interface Diff {
  readonly epoch: number;
  readonly branch: string;
  readonly base: string;
  readonly tip: string;
  readonly files: readonly DiffFile[];
  readonly filesLeftOut: number;
}

export interface DiffFile {
  readonly path: string;
  readonly from: string | null;
  readonly change: "added" | "deleted" | "renamed" | "changed";
  readonly sort: "file" | "symlink" | "submodule";
  readonly patch: string | null;
}

export type { HistoryRow, KeptFile };

export type Loaded<T> =
  | { readonly type: "loading" }
  | { readonly type: "there"; readonly value: T }
  | { readonly type: "failed"; readonly code: string; readonly message: string };

/** Several changes that come together are one question. */
const GATHERED_MS = 120;

/**
 * The answer to a query, asked again whenever `revision` is another one. What is there stays while the next answer is on its
 * way; an answer that comes late never takes the place of a newer one.
 */
export function useAnswer<T>(session: Session, path: string | undefined, revision: string): ReadonlySignal<Loaded<T>> {
  const state = useSignal<Loaded<T>>({ type: "loading" });
  useEffect(() => {
    state.value = { type: "loading" };
  }, [path]);
  useEffect(() => {
    if (path === undefined) return undefined;
    let isOver = false;
    const take = (answer: Answer<T>): void => {
      if (isOver) return;
      // A node that is away for a moment takes nothing away that was there.
      if (!answer.ok && state.peek().type === "there" && answer.error.code === "away") return;
      state.value = answer.ok ? { type: "there", value: answer.value } : { type: "failed", ...answer.error };
    };
    const wait = state.peek().type === "there" ? GATHERED_MS : 0;
    const timer = setTimeout(() => void session.query<T>(path).then(take), wait);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, revision]);
  return state;
}

/** Whether an item moves depends on the nodes, too: those that are there, and take work. */
export const standingOf = (nodes: ReadonlyMap<string, BoardNode>): string =>
  [...nodes.values()].map(({ alive, standby = "" }) => `${alive} ${standby}`).join(" ");

/** Changes with everything that the item's own page shows; the lease alone changes nothing of it. */
export function revisionOf(item: BoardItem | undefined, connection: string): string {
  if (item === undefined) return connection;
  const { revision, epoch, stage, activity, questions, landing, claim } = item;
  return [connection, revision, epoch, stage, activity, questions.length, landing, claim?.expired].join(" ");
}
