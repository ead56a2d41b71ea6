/** The slash command as Discord wants it described: one command with a subcommand for each verb of the mesh. */
import type { SlashVerb } from "@skein/chat";

import type { DiscordOption } from "./wire.ts";

/** Discord's limits. */
const SUBCOMMANDS_MAX = 25;
const PARAMETERS_MAX = 25;
const TOTAL_MAX = 8_000;
const SUMMARIES_MAX = [100, 60, 30, 1];
const NAME = /^[a-z0-9_-]{1,32}$/;

const CHAT_INPUT = 1;
const SUBCOMMAND = 1;
const STRING = 3;

export interface CommandOption {
  readonly type: number;
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly autocomplete?: boolean;
  readonly options?: readonly CommandOption[];
}

/** In servers and in direct messages to the bot, not in conversations of others. Only where it is registered for all. */
const EVERYWHERE = { contexts: [0, 1], integration_types: [0] };

export interface Command {
  readonly contexts?: readonly number[];
  readonly integration_types?: readonly number[];
  readonly type: number;
  readonly name: string;
  readonly description: string;
  readonly options: readonly CommandOption[];
}

/** Says what has no subcommand of its own, in the words of a message. */
const OTHER: SlashVerb = {
  name: "other",
  summary: "Any other command, as you would write it in a message",
  parameters: [{ name: "words", summary: "For example: hold 7 waits for the design", kind: "text", required: true }],
};

/** Verbs that Discord has no place for go through one that takes any words. What is too long in all gets shorter summaries. */
export function describeCommand(name: string, verbs: readonly SlashVerb[], isGlobal = false): Command {
  const fitting = verbs.filter((verb) => NAME.test(verb.name) && verb.parameters.length <= PARAMETERS_MAX);
  const isAll = fitting.length === verbs.length && verbs.length <= SUBCOMMANDS_MAX;
  const taken = isAll ? verbs : [...fitting.slice(0, SUBCOMMANDS_MAX - 1), OTHER];
  const described = SUMMARIES_MAX.map((max) => commandWith(name, taken, max));
  const command = described.find((one) => lengthOf(one) <= TOTAL_MAX) ?? commandWith(name, taken, 1);
  return isGlobal ? { ...command, ...EVERYWHERE } : command;
}

const commandWith = (name: string, verbs: readonly SlashVerb[], summaryMax: number): Command => ({
  type: CHAT_INPUT,
  name,
  description: "Talk to Skein",
  options: verbs.map((verb) => ({
    type: SUBCOMMAND,
    name: verb.name,
    description: summary(verb.summary, verb.name, summaryMax),
    options: requiredFirst(verb).map((parameter) => ({
      type: STRING,
      name: parameter.name.toLowerCase(),
      description: summary(parameter.summary, parameter.name, summaryMax),
      ...(parameter.required ? { required: true } : {}),
      ...(parameter.kind === "item" ? { autocomplete: true } : {}),
    })),
  })),
});

/** Discord refuses a required parameter after an optional one. */
const requiredFirst = ({ parameters }: SlashVerb): SlashVerb["parameters"] => [
  ...parameters.filter(({ required }) => required),
  ...parameters.filter(({ required }) => !required),
];

/** May not be empty. */
const summary = (text: string, name: string, max: number): string =>
  (text.trim() === "" ? name : text.trim()).slice(0, max);

function lengthOf(one: Command | CommandOption): number {
  return (
    one.name.length + one.description.length + (one.options ?? []).reduce((sum, inner) => sum + lengthOf(inner), 0)
  );
}

/**
 * What was chosen, as it would have been written: the verb and its parameters in the mesh's order. One that is not the last
 * is put in quotes when it has spaces.
 */
export function commandText(options: readonly DiscordOption[], verbs: readonly SlashVerb[]): string {
  const chosen = options.find(({ type }) => type === SUBCOMMAND);
  if (chosen === undefined) return "";
  const known = verbs.find(({ name }) => name === chosen.name)?.parameters.map(({ name }) => name.toLowerCase()) ?? [];
  const given = (chosen.options ?? []).toSorted((a, b) => known.indexOf(a.name) - known.indexOf(b.name));
  const values = given.map(({ value }, index) => {
    const text = String(value ?? "").trim();
    return index < given.length - 1 && /\s/.test(text) ? `"${text.replaceAll('"', "'")}"` : text;
  });
  const words = chosen.name === OTHER.name ? values : [chosen.name, ...values];
  return words.filter((one) => one !== "").join(" ");
}
