/** What people are told when no node has answered: which one it is, since when, whether anything was sent, and what to do. Pure. */
import type { Answer, Status } from "@skein/client";

export interface AwayTexts {
  /** `node`: its name, or empty for one that has never said it; `since`: a time, or empty when it has only just gone. */
  readonly asked: (node: string, since: string) => string;
  readonly unsent: (node: string, since: string) => string;
  readonly doubtful: (node: string) => string;
}

export interface Gone {
  readonly node: string;
  readonly status: Status;
  readonly timeOf: (atMs: number) => string;
}

const sinceOf = ({ status, timeOf }: Gone): string => (status.type === "stale" ? timeOf(status.sinceMs) : "");

/** A question loses nothing when it is asked again. */
export const wordAsked = <T>(answer: Answer<T>, texts: AwayTexts, gone: Gone): Answer<T> =>
  isAway(answer) ? awayWith(texts.asked(gone.node, sinceOf(gone))) : answer;

/** A command that was under way may have been done. */
export const wordCommanded = <T>(answer: Answer<T>, texts: AwayTexts, gone: Gone): Answer<T> =>
  isAway(answer) ? awayWith(texts.doubtful(gone.node)) : answer;

/** Nothing has left the page. */
export const unsent = (texts: AwayTexts, gone: Gone): Answer<never> => awayWith(texts.unsent(gone.node, sinceOf(gone)));

export const isAway = (answer: Answer<unknown>): boolean => !answer.ok && answer.error.code === "away";

const awayWith = (message: string): Answer<never> => ({ ok: false, error: { code: "away", message } });
