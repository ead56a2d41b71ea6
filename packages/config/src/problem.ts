/**
 * Problems of a configuration file. Each one names file, line, column and key, and says in one sentence what is wrong and
 * what is expected, because the reader has the file open and nothing else.
 */
import { assert } from "@skein/core";

export interface ConfigProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number;
  /** Dotted path of the key, for example `retries.total` or `gate[0][1]`; `(file)` when it is about the file as a whole. */
  readonly key: string;
  readonly message: string;
}

export interface ConfigError {
  /** The first problem with its place, and how many more there are. */
  readonly message: string;
  /** In the order of the file; never empty, and at most fifty. */
  readonly problems: readonly ConfigProblem[];
}

/** Nobody reads further, and a hostile file must not fill a log. */
const PROBLEM_COUNT_MAX = 50;

export type KeyPath = readonly (string | number)[];

const KEY_PART_LENGTH_MAX = 60;

/** A path as people write it. Text from the file never brings its own line breaks or control characters along. */
export function keyText(path: KeyPath): string {
  if (path.length === 0) return "(file)";
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const short = part.length > KEY_PART_LENGTH_MAX ? `${part.slice(0, KEY_PART_LENGTH_MAX)}…` : part;
    if (!/^[\w$-]+…?$/.test(short)) return `${text}[${JSON.stringify(short)}]`;
    return text === "" ? short : `${text}.${short}`;
  }, "");
}

/** Orders, bounds and sums up problems. `problems` has at least one element. */
export function configError(problems: readonly ConfigProblem[]): ConfigError {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const kept = sorted.slice(0, PROBLEM_COUNT_MAX);
  const [first] = kept;
  assert(first !== undefined, "a configuration error has at least one problem");
  const others = problems.length - 1;
  const more = others === 0 ? "" : ` (and ${others} more ${others === 1 ? "problem" : "problems"})`;
  return { message: `${first.file}:${first.line}:${first.column}: ${first.message}${more}`, problems: kept };
}
