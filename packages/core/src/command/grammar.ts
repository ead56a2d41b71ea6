/**
 * A line from a room → what is wanted. One grammar for all platforms:
 *
 *     verb [#id | id | "title"] [arguments] [--flag | --flag=value]
 *
 * The line comes without mention, prefix or slash. Nothing is guessed: a verb that is not known is answered with the
 * nearest one and does nothing.
 */
import { z } from "zod";

import { didYouMean } from "../kernel/did-you-mean.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { type CommandName, commandSpec } from "./registry.ts";
import { usageOf, type Verb, VERBS, verbOf } from "./verbs.ts";

export type Wanted =
  /** A command of the registry, its input unchecked. */
  | {
      readonly type: "command";
      readonly verb: Verb;
      readonly command: CommandName;
      readonly input: Readonly<Record<string, unknown>>;
    }
  /** Something about the room. */
  | {
      readonly type: "room";
      readonly verb: Verb;
      readonly input: Readonly<Record<string, string>>;
      readonly flags: Flags;
    };

export type Flags = Readonly<Record<string, string | true>>;

export interface GrammarProblem {
  /** `no-verb`: this may be no command at all, but something that people say to each other. */
  readonly type: "no-verb" | "usage";
  readonly message: string;
}

export interface GrammarContext {
  /** The item of the thread that the line was said in. */
  readonly threadItem: string | undefined;
  /** The only item with this title. */
  readonly itemByTitle: (title: string) => string | undefined;
}

/** Longer lines are refused before they get here. */
export function parseLine(line: string, context: GrammarContext): Result<Wanted, GrammarProblem> {
  const { head, tail } = splitVerb(line);
  const verb = verbOf(head.toLowerCase());
  if (verb === undefined) return err({ type: "no-verb", message: unknownVerb(head) });
  const { flags, text } = takeFlags(tail);
  const input = fill(verb, text, context);
  const problem = input.ok ? flagProblem(verb, flags, input.value) : input.error;
  if (!input.ok || problem !== undefined) {
    return err({ type: "usage", message: `${problem ?? ""} Say it like this: ${usageOf(verb)}` });
  }
  if (verb.command === null) return ok({ type: "room", verb, input: input.value, flags });
  return ok({ type: "command", verb, command: verb.command, input: { ...input.value, ...flags, ...verb.fixed } });
}

function splitVerb(line: string): { readonly head: string; readonly tail: string } {
  const match = /^\s*(\S+)\s?([\s\S]*)$/u.exec(line);
  return { head: match?.[1] ?? "", tail: match?.[2] ?? "" };
}

/**
 * Telephones turn two hyphens into a dash, and straight quotes into curly ones. Words that are quoted as a whole are taken
 * as they are, whatever they look like: the first two alternatives are there to step over them.
 */
const FLAG =
  /(?:^|\s)"[^"]*"(?=\s|$)|(?:^|\s)\u201c[^\u201d]*\u201d(?=\s|$)|(?:^|\s)(?:--|[\u2013\u2014])([a-z][a-zA-Z-]{0,30})(?:=(?:"([^"]*)"|\u201c([^\u201d]*)\u201d|(\S+)))?(?=\s|$)/gu;

/** Flags are looked for in the first line only: what follows is a story and may hold anything. */
function takeFlags(tail: string): { readonly flags: Flags; readonly text: string } {
  const end = tail.indexOf("\n");
  const [first, below] = end === -1 ? [tail, ""] : [tail.slice(0, end), tail.slice(end)];
  const flags: Record<string, string | true> = {};
  const text = first.replace(FLAG, (whole, name: string | undefined, ...values: readonly (string | undefined)[]) => {
    if (name === undefined) return whole;
    const key = name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
    flags[key] = values.slice(0, 3).find((value) => value !== undefined) ?? true;
    return "";
  });
  return { flags, text: `${text}${below}`.trim() };
}

/** Nothing is said twice, so that nobody has to know which of two counts, and a flag without its value means nothing. */
function flagProblem(verb: Verb, flags: Flags, input: Readonly<Record<string, string>>): string | undefined {
  const fields = verb.command === null ? {} : commandSpec(verb.command)?.input.shape;
  for (const [name, value] of Object.entries(flags)) {
    if (Object.hasOwn(input, name) || Object.hasOwn(verb.fixed ?? {}, name)) return `The ${name} is there twice.`;
    const field = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === true && field !== undefined && z.safeParse(field, true).data !== true)
      return `The ${name} has no value.`;
  }
  return undefined;
}

function fill(verb: Verb, text: string, context: GrammarContext): Result<Record<string, string>, string> {
  const input: Record<string, string> = {};
  let rest = text;
  for (const [at, parameter] of verb.parameters.entries()) {
    switch (parameter.kind) {
      case "item": {
        const isClear = parameter.required || !verb.parameters.slice(at + 1).some(({ required }) => required);
        const taken = takeItem(rest, parameter.required, isClear, context);
        if (!taken.ok) return taken;
        if (taken.value.item !== undefined) input[parameter.field] = taken.value.item;
        rest = taken.value.rest;
        break;
      }
      case "word": {
        const { head, tail } = splitVerb(rest);
        if (head !== "") input[parameter.field] = head;
        rest = tail.trim();
        break;
      }
      case "rest":
        if (rest !== "") input[parameter.field] = unquoted(rest);
        rest = "";
        break;
      case "line-and-text": {
        const end = rest.indexOf("\n");
        const title = unquoted((end === -1 ? rest : rest.slice(0, end)).trim());
        if (title !== "") input[parameter.field] = title;
        if (end !== -1) input["text"] = rest.slice(end + 1).trim();
        rest = "";
        break;
      }
      default:
        return parameter.kind satisfies never;
    }
    if (parameter.required && input[parameter.field] === undefined) return err(`The ${parameter.field} is missing.`);
  }
  return rest === "" ? ok(input) : err(`I do not know what to do with "${short(rest)}".`);
}

interface TakenItem {
  readonly item: string | undefined;
  readonly rest: string;
}

/** Straight quotes, and the curly ones of English and of German telephones. */
const QUOTED = /^(?:"([^"\n]+)"|\u201c([^\u201d\n]+)\u201d|\u201e([^\u201c\n]+)\u201c)\s*([\s\S]*)$/u;

/**
 * In a thread an item is named with `#` only: the next word may be the beginning of a sentence about the thread's own.
 * Neither is the first word one where it could as well be what comes next (`isClear`).
 */
function takeItem(
  text: string,
  required: boolean,
  isClear: boolean,
  context: GrammarContext,
): Result<TakenItem, string> {
  const marked = /^#([0-9a-z]{1,12})(?=\s|$)\s*([\s\S]*)$/i.exec(text);
  if (marked !== null) return ok({ item: marked[1]?.toLowerCase(), rest: marked[2] ?? "" });
  // In a thread it would otherwise be about the thread's item.
  if (/^#[0-9a-z]/i.test(text))
    return err(`I do not know the item ${short(splitVerb(text).head)}: an id stands alone.`);
  const quoted = QUOTED.exec(text);
  if (quoted !== null) {
    const title = quoted[1] ?? quoted[2] ?? quoted[3] ?? "";
    const item = context.itemByTitle(title);
    if (item !== undefined) return ok({ item, rest: quoted[4] ?? "" });
    if (context.threadItem === undefined) return err(`There is no item, or more than one, called "${short(title)}".`);
  }
  if (context.threadItem !== undefined) return ok({ item: context.threadItem, rest: text });
  const bare = /^([0-9a-z]{1,12})(?=\s|$)\s*([\s\S]*)$/i.exec(text);
  if (bare !== null && isClear) return ok({ item: bare[1]?.toLowerCase(), rest: bare[2] ?? "" });
  return required ? err("Which item?") : ok({ item: undefined, rest: text });
}

const unquoted = (text: string): string =>
  /^(?:"([^"]*)"|\u201c([^\u201d]*)\u201d|\u201e([^\u201c]*)\u201c)$/u.exec(text)?.slice(1).find(Boolean) ?? text;

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

function unknownVerb(head: string): string {
  const near = didYouMean(
    head,
    VERBS.flatMap(({ names }) => names),
  );
  const hint = near === undefined ? "Say help for what I know." : `Did you mean ${near}? I did nothing.`;
  return `I do not know "${short(head)}". ${hint}`;
}
