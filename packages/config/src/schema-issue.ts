/**
 * Turns what zod found into one sentence for each wrong place. Where somebody slipped (a letter, the wrong level, a list
 * too few) the sentence says what they probably meant.
 */
import type * as z from "zod";
import { didYouMean } from "@skein/core";
import { exampleArgv, shown } from "./field-kinds.ts";
import type { KeyPath } from "./problem.ts";

export interface SchemaIssue {
  readonly path: KeyPath;
  /** Set when it is the key itself that is wrong, not its value. */
  readonly aboutKey: boolean;
  /** Follows the key in a sentence. */
  readonly message: string;
}

/** What can be written where: the keys at the top, the keys of each map in them, and the values of each choice. */
export interface Vocabulary {
  readonly top: readonly string[];
  readonly nested: Readonly<Record<string, readonly string[]>>;
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/** One issue for each path at most: the first is the one that explains the others. */
export function toSchemaIssues(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  vocabulary: Vocabulary,
): readonly SchemaIssue[] {
  const byPath = new Map<string, SchemaIssue>();
  for (const issue of issues.flatMap((issue) => translate(issue, root, vocabulary))) {
    const key = JSON.stringify(issue.path);
    if (!byPath.has(key)) byPath.set(key, issue);
  }
  return [...byPath.values()];
}

function translate(issue: z.core.$ZodIssue, root: unknown, vocabulary: Vocabulary): readonly SchemaIssue[] {
  const inside = issue.code === "invalid_union" ? insideOf(issue) : [];
  if (inside.length > 0) return inside.flatMap((one) => translate(one, root, vocabulary));
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const choices = vocabulary.choices[path.join(".")];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      return { path: [...path, key], aboutKey: true, message: unknownKeyMessage(path, key, root, vocabulary) };
    });
  }
  if (choices !== undefined) {
    return [{ path, aboutKey: false, message: choiceMessage(choices, valueAt(root, path)) }];
  }
  const flatGate = path[0] === "gate" ? flatGateMessage(valueAt(root, ["gate"])) : undefined;
  if (flatGate !== undefined) return [{ path: ["gate"], aboutKey: false, message: flatGate }];
  return [{ path, aboutKey: false, message: issue.message }];
}

/** Of what can be written in several ways, what is wrong with the way that was begun; nothing when it is none of them. */
function insideOf({ errors, path }: Extract<z.core.$ZodIssue, { code: "invalid_union" }>): readonly z.core.$ZodIssue[] {
  const begun = errors.find((way) => !way.some((issue) => issue.code === "invalid_type" && issue.path.length === 0));
  return begun?.map((issue) => ({ ...issue, path: [...path, ...issue.path] })) ?? [];
}

/** The most common slip: one level of lists too few, as one command or as command lines. */
function flatGateMessage(gate: unknown): string | undefined {
  const words = typeof gate === "string" ? [gate] : gate;
  if (!Array.isArray(words) || words.length === 0) return undefined;
  if (!words.every((word): word is string => typeof word === "string" && /^[\w./ -]{1,60}$/.test(word)))
    return undefined;
  const isCommandLines = typeof gate === "string" || words.some((word) => word.includes(" "));
  const commands = isCommandLines ? words.map(exampleArgv).join(", ") : `[${words.join(", ")}]`;
  return `must be a list of commands, and each command a list of words; write [${commands}]`;
}

function choiceMessage(choices: readonly string[], input: unknown): string {
  const list = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  if (input === undefined) return `is missing; write ${list}`;
  const meant = typeof input === "string" ? didYouMean(input, choices) : undefined;
  return `must be ${list}, not ${shown(input)}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function unknownKeyMessage(path: KeyPath, key: string, root: unknown, vocabulary: Vocabulary): string {
  const isScripted = valueAt(root, [...path, "kind"]) === "scripted";
  if (isScripted && key === "run") {
    return "does not go with kind: scripted, which is built in; remove it, or write kind: command or kind: acp";
  }
  const known =
    path.length === 0
      ? vocabulary.top
      : (vocabulary.nested[path.join(".")] ?? vocabulary.nested[String(path[0])] ?? []);
  const meant = didYouMean(key, known) ?? (path.length > 1 ? undefined : elsewhere(path, key, vocabulary));
  if (meant !== undefined) return `is not a known key; did you mean ${meant}?`;
  return `is not a known key; the keys here are ${known.join(", ")}`;
}

/** A known key at another level: `ttl` at the top most probably meant `claim.ttl`. */
function elsewhere(path: KeyPath, key: string, { top, nested }: Vocabulary): string | undefined {
  const isSame = (known: string): boolean => known.toLowerCase() === key.toLowerCase();
  for (const [parent, keys] of Object.entries(nested)) {
    const found = keys.find(isSame);
    if (found !== undefined && parent !== path[0]) return `${parent}.${found}`;
  }
  const found = top.find(isSame);
  return found === undefined ? undefined : `${found} at the left margin`;
}

function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, part) => {
    const isMap = typeof value === "object" && value !== null;
    const entries: ReadonlyMap<string, unknown> = new Map(isMap ? Object.entries(value) : []);
    return entries.get(String(part));
  }, root);
}
