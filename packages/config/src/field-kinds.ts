/**
 * The kinds of values `skein.yaml` has, each with the sentences that are shown when a value is wrong. A sentence follows
 * the key ("claim.ttl must be …"), says how to write it instead, and repeats nothing long or hostile.
 */
import * as z from "zod";
import { hostPatternProblem } from "./host-pattern.ts";
import type { Argv } from "./project-config.ts";
import {
  CAP_PATTERN,
  DURATION_PATTERN,
  formatDuration,
  formatMoney,
  formatSize,
  MONEY_PATTERN,
  parseDuration,
  parseMoney,
  parseSize,
  SIZE_PATTERN,
} from "./quantity.ts";
import { wordProblem } from "./text-rules.ts";

const ARGV_LENGTH_MAX = 64;
const WORD_LENGTH_MAX = 4096;
const ENV_NAMES_MAX = 64;
const ENV_NAME_LENGTH_MAX = 128;
const HOSTS_MAX = 64;

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What zod tells about a value it refuses; `input` is undefined when the key is missing. */
interface RefusedValue {
  readonly code?: string;
  readonly input?: unknown;
}

type Wording = (refused: RefusedValue) => string;

/** Only for the wrong type; unknown keys get their sentence where all keys are known. */
export function mapLike(example: string): (refused: RefusedValue) => string | undefined {
  return ({ code, input }) =>
    code === "invalid_type" ? `must be a map, for example ${example}, not ${kindOf(input)}` : undefined;
}

export function textLike(example: string): Wording {
  return ({ input }) => {
    if (input === undefined) return `is missing; write it, for example ${example}`;
    const isWord = typeof input === "number" || typeof input === "boolean";
    if (isWord) return `must be text, and YAML reads this as ${kindOf(input)}; write it in quotes`;
    return `must be text, for example ${example}, not ${kindOf(input)}`;
  };
}

/** Repeats what was written when it is short and of one line; anything else is only described. */
export function shown(input: unknown): string {
  if (typeof input === "string" && /^[\x20-\x7e]{0,24}$/.test(input)) return JSON.stringify(input);
  return typeof input === "number" || typeof input === "boolean" ? String(input) : kindOf(input);
}

function kindOf(input: unknown): string {
  if (input === null) return "an empty value";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object") return "a map";
  return typeof input === "string" ? "plain text" : `a ${typeof input}`;
}

/** A check that brings its own sentence; undefined means that the text is fine. */
export function obeys(
  problemOf: (text: string) => string | undefined,
): (context: { readonly value: string; readonly issues: z.core.$ZodRawIssue[] }) => void {
  return ({ value, issues }) => {
    const message = problemOf(value);
    if (message !== undefined) issues.push({ code: "custom", message, input: value });
  };
}

interface QuantityKind {
  readonly noun: string;
  /** How it is written, before the examples. */
  readonly form: string;
  readonly examples: readonly string[];
  readonly pattern: RegExp;
  readonly parse: (text: string) => number | undefined;
  readonly format: (value: number) => string;
  /** What a bare number may have meant. */
  readonly withUnit: (count: string) => string;
}

const DURATION: QuantityKind = {
  noun: "a duration",
  form: "a whole number with a unit",
  examples: ["250ms", "30s", "10m", "2h", "1d"],
  pattern: DURATION_PATTERN,
  parse: parseDuration,
  format: formatDuration,
  withUnit: (count) => `${count}s for seconds or ${count}ms for milliseconds`,
};

const SIZE: QuantityKind = {
  noun: "a size",
  form: "a whole number with a unit",
  examples: ["64KiB", "10MiB", "1GiB"],
  pattern: SIZE_PATTERN,
  parse: parseSize,
  format: formatSize,
  withUnit: (count) => `${count}MiB or ${count}KiB`,
};

const MONEY: QuantityKind = {
  noun: "an amount of dollars",
  form: "with their sign",
  examples: ["$2", "$0.25"],
  pattern: MONEY_PATTERN,
  parse: parseMoney,
  format: formatMoney,
  withUnit: (count) => `$${count}`,
};

/** Millionths of a dollar. */
export function money(range: Range, description: string): z.ZodType<number, string> {
  return quantity(MONEY, range, description);
}

/** `none`, or an amount of money that is not to be passed. */
export function cap(range: Range, description: string): z.ZodType<number | null, string> {
  const error = wordingOf(MONEY);
  return z
    .string({ error })
    .regex(CAP_PATTERN, { error })
    .transform((text, context) => (text === "none" ? null : within(MONEY, range, text, context)))
    .meta({ description: `${description} From ${boundsOf(MONEY, range)}.`, examples: ["none", ...MONEY.examples] });
}

export function duration(range: Range, description: string): z.ZodType<number, string> {
  return quantity(DURATION, range, description);
}

export function size(range: Range, description: string): z.ZodType<number, string> {
  return quantity(SIZE, range, description);
}

const boundsOf = (kind: QuantityKind, range: Range): string => `${kind.format(range.min)} to ${kind.format(range.max)}`;

const wordingOf =
  (kind: QuantityKind): Wording =>
  ({ input }) => {
    const written = typeof input === "number" ? String(input) : input;
    if (typeof written === "string" && /^[0-9]{1,9}$/.test(written))
      return `must be ${kind.noun} with a unit; write ${kind.withUnit(written)}`;
    const examples = kind.examples.join(", ");
    return `must be ${kind.noun}, ${kind.form} like ${examples}, not ${shown(input)}`;
  };
function within(
  kind: QuantityKind,
  range: Range,
  text: string,
  context: { readonly issues: z.core.$ZodRawIssue[] },
): number {
  const value = kind.parse(text);
  if (value !== undefined && value >= range.min && value <= range.max) return value;
  context.issues.push({ code: "custom", message: `must be from ${boundsOf(kind, range)}, not ${text}`, input: text });
  return z.NEVER;
}

function quantity(kind: QuantityKind, range: Range, description: string): z.ZodType<number, string> {
  const error = wordingOf(kind);
  return z
    .string({ error })
    .regex(kind.pattern, { error })
    .transform((text, context): number => within(kind, range, text, context))
    .meta({ description: `${description} From ${boundsOf(kind, range)}.`, examples: [...kind.examples] });
}

export function wholeNumber(range: Range, description: string): z.ZodType<number, number> {
  const error: Wording = ({ input }) =>
    `must be a whole number from ${range.min} to ${range.max}, without quotes, not ${shown(input)}`;
  return z.int({ error }).min(range.min, { error }).max(range.max, { error }).meta({ description });
}

const word = z
  .string({ error: textLike('"8080"') })
  .max(WORD_LENGTH_MAX, { error: `must be at most ${WORD_LENGTH_MAX} characters long` })
  .check(obeys(wordProblem));

export function argv(description: string): z.ZodType<Argv, string[]> {
  const error: Wording = ({ input }) => {
    if (input === undefined) return "is missing; write the command as a list of words, for example [node, agent.mjs]";
    return `must be a list of words, the program and its arguments, for example ${exampleArgv(input)}`;
  };
  const bounds = { error: `must have 1 to ${ARGV_LENGTH_MAX} words: the program and its arguments` };
  return z
    .array(word, { error })
    .min(1, bounds)
    .max(ARGV_LENGTH_MAX, bounds)
    .transform(([program, ...rest], context): Argv => {
      if (program !== undefined && program !== "") return [program, ...rest];
      const message = "must start with the name of a program, and its first word is empty";
      context.issues.push({ code: "custom", message, input: program });
      return z.NEVER;
    })
    .meta({ description, examples: [["npm", "test"]] });
}

/** A command line somebody wrote as text, as the list it should be. */
export function exampleArgv(input: unknown): string {
  const isSimple = typeof input === "string" && /^[\w./-][\w./ -]{0,60}$/.test(input);
  return isSimple ? `[${input.trim().split(/ +/).join(", ")}]` : "[npm, test]";
}

export function environmentNames(description: string): z.ZodType<readonly string[], string[]> {
  const name = z
    .string({ error: "must be the name of an environment variable, for example LANG" })
    .max(ENV_NAME_LENGTH_MAX, { error: `must be at most ${ENV_NAME_LENGTH_MAX} characters long` })
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
      error: "must be only the name of an environment variable, for example LANG; its value stays on the machine",
    });
  const error =
    "must be a list of names of environment variables, for example [LANG, TZ]; their values stay on the machine";
  return z
    .array(name, { error })
    .max(ENV_NAMES_MAX, { error: `must have at most ${ENV_NAMES_MAX} names` })
    .meta({ description, examples: [["LANG", "TZ"]] });
}

export function hostPatterns(description: string): z.ZodType<readonly string[], string[]> {
  const host = z.string({ error: textLike("registry.npmjs.org") }).check(obeys(hostPatternProblem));
  return z
    .array(host, { error: "must be a list of hosts, for example [registry.npmjs.org]" })
    .max(HOSTS_MAX, { error: `must have at most ${HOSTS_MAX} hosts` })
    .meta({ description, examples: [["registry.npmjs.org"]] });
}
