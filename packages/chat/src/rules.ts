/**
 * What an account's `roles` and `fourEyes` ask for when a command is given. They name verbs, and one thing can be said with
 * several: `move #id archived` archives, `new … --start` starts, `title #id A --text=B` changes the story. So what counts is
 * the verb that was said and every other one that would do the same or a part of it.
 */
import {
  commandSpec,
  didYouMean,
  type LiveItem,
  type Role,
  roleAtLeast,
  type Verb,
  VERBS,
  verbOf,
  type Wanted,
} from "@skein/core";

import type { AccountSettings } from "./account.ts";

type WantedCommand = Extract<Wanted, { type: "command" }>;

export interface Rules {
  /** What somebody needs to say it, and the verb that needs it. */
  readonly role: Role;
  readonly verb: string;
  /** A second person has to confirm it. */
  readonly byOthers: boolean;
  /** It is asked about before it is done. */
  readonly confirms: boolean;
}

/** `least` is what the command itself needs. */
export function rulesFor(verbs: readonly Verb[], least: Role, account: AccountSettings): Rules {
  const [said] = verbs;
  const asked = verbs.flatMap((verb) => rolesOf(verb, account).map((role) => ({ role, verb: nameOf(verb) })));
  const strictest = asked.reduce((a, b) => (roleAtLeast(a.role, b.role) ? a : b), {
    role: least,
    verb: said === undefined ? "" : nameOf(said),
  });
  return {
    ...strictest,
    byOthers: verbs.some(({ names }) => names.some((name) => account.fourEyes.includes(name))),
    confirms: verbs.some(({ confirm }) => confirm === true),
  };
}

export const nameOf = ({ names: [name = ""] }: Verb): string => name;

const rolesOf = ({ names, role }: Verb, { roles }: AccountSettings): readonly Role[] => [
  ...names.flatMap((name) => roles[name] ?? []),
  ...(role === undefined ? [] : [role]),
];

/**
 * The verb that says plainly what a move does to the item as it stands, and which of two things a drain is about; everything else is
 * plain already.
 */
export function plainly(
  wanted: WantedCommand,
  about: LiveItem | undefined,
  isNode: (name: string) => boolean,
): WantedCommand {
  const { command, input } = wanted;
  if (command === "queue.pause" && input["drain"] === true) return drained(wanted, isNode);
  if (command !== "item.move" || about === undefined) return wanted;
  const { stage } = about.best.state.stage;
  const item = input["item"];
  switch (String(input["stage"]).toLowerCase()) {
    case "archived":
      return as("archive", { item });
    case "coding":
      return stage === "Backlog" ? as("start", { item }) : as("reject", { item, note: "sent back by a person" });
    case "backlog":
      return stage === "Archived" ? as("restore", { item }) : as("stop", { item });
    default:
      return wanted;
  }
}

/** At a terminal `drain` is about nodes, so a node's name in the place of a reason is meant as one. */
function drained(wanted: WantedCommand, isNode: (name: string) => boolean): WantedCommand {
  const { reason, drain: _, ...flags } = wanted.input;
  const said = typeof reason === "string" ? reason : "";
  const [, name = "", why = ""] = /^(\S+)\s*([\s\S]*)$/u.exec(said) ?? [];
  if (!isNode(name)) return wanted;
  return as("park", { ...flags, node: name, ...(why === "" ? {} : { reason: why }) });
}

function as(name: string, input: WantedCommand["input"]): WantedCommand {
  const verb = verbOf(name);
  if (verb === undefined || verb.command === null) throw new Error(`there is no verb ${name} for a move`);
  return { type: "command", verb, command: verb.command, input: { ...input, ...verb.fixed } };
}

/** Beside the verb that was said, those that do a part of the same: what its flags add to it. */
export function verbsIn(wanted: WantedCommand): readonly Verb[] {
  const starts = wanted.command === "item.add" && wanted.input["start"] === true;
  const start = starts ? VERBS.filter(({ command }) => command === "item.start") : [];
  return [wanted.verb, ...VERBS.filter((verb) => verb !== wanted.verb && isPart(verb, wanted)), ...start];
}

/** A verb that only says less than the one that was said is no part of it: `unhold` is no `hold`, and `bug` is no `new`. */
function isPart(verb: Verb, { verb: said, command, input }: WantedCommand): boolean {
  if (verb.command !== command) return false;
  const isThere = (field: string): boolean => input[field] !== undefined;
  const fixed = Object.entries(verb.fixed ?? {});
  const needs = verb.parameters.flatMap(({ field, required, kind }) => (required && kind !== "item" ? [field] : []));
  if (!fixed.every(([field, value]) => isSame(input[field], value)) || !needs.every(isThere)) return false;
  const saidFields = new Set([...said.parameters.map(({ field }) => field), ...Object.keys(said.fixed ?? {})]);
  return [...fixed.map(([field]) => field), ...needs].some((field) => !saidFields.has(field));
}

const isSame = (given: unknown, fixed: string | boolean): boolean =>
  typeof given === "string" && typeof fixed === "string"
    ? given.toLowerCase() === fixed.toLowerCase()
    : given === fixed;

/** What is wrong with the verbs that an account's settings name: what is misspelled would protect nothing. */
export function ruleProblem({ roles, fourEyes }: AccountSettings): string | undefined {
  for (const name of [...Object.keys(roles), ...fourEyes]) if (verbOf(name) === undefined) return unknown(name);
  const harmless = fourEyes.find((name) => !isWriting(name));
  return harmless === undefined
    ? undefined
    : `fourEyes: ${harmless} changes nothing that a second person could confirm`;
}

function unknown(name: string): string {
  const names = VERBS.flatMap((verb) => verb.names);
  const near = didYouMean(name, names);
  return `there is no verb ${name} for roles or fourEyes${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function isWriting(name: string): boolean {
  const command = verbOf(name)?.command ?? null;
  return command !== null && commandSpec(command)?.effect === "writes";
}
