/** The port to whatever turns people's own words into a line of the grammar: a model behind a command, or nothing. */
import type { Result } from "@skein/core";

export interface InterpreterFacts {
  /** What was said; hostile like all talk. */
  readonly text: string;
  /** What can be proposed, one verb each with how it is said. */
  readonly verbs: readonly string[];
  readonly items: readonly { readonly id: string; readonly title: string; readonly stage: string }[];
}

/** Resolves with one line, or with a sentence saying why there is none. Its line is only ever asked about. */
export type Interpret = (facts: InterpreterFacts) => Promise<Result<string, string>>;
