/**
 * The command line of the registry: words, arguments, options and help are made from each command's schema, so that what
 * the CLI takes is what every other front takes.
 */
import { readFileSync } from "node:fs";

import { COMMANDS, type CommandSpec } from "@skein/core";
import { Command, Option } from "commander";
import { z } from "zod";

import { connect } from "../client.ts";
import { Failure, reasonOf } from "../failure.ts";
import { collect, type CommonOptions, dataDirectoryOf, dataOption, jsonOption } from "./options.ts";
import { present } from "./present.ts";

/** Options whose name on the command line is not the field's own. */
const FLAG_OF: Readonly<Record<string, string>> = { labels: "label", dependsOn: "depends-on" };

/** Fields too long for a command line: they are read from a file, or from standard input. */
const FROM_FILE: ReadonlySet<string> = new Set(["text", "criteria", "config"]);

interface Field {
  readonly name: string;
  readonly flag: string;
  readonly description: string;
  readonly kind: "text" | "flag" | "list";
  readonly required: boolean;
  readonly choices: readonly string[];
}

export function addRegistryCommands(program: Command): void {
  for (const spec of COMMANDS) addCommand(program, spec);
}

function addCommand(program: Command, spec: CommandSpec): void {
  const words = [...spec.words];
  const last = words.pop() ?? spec.name;
  const parent = words.reduce((command, word) => groupOf(command, word), program);
  const existing = parent.commands.find((command) => command.name() === last);
  const command = existing ?? parent.command(last);
  command.description(spec.summary).addOption(dataOption()).addOption(jsonOption());
  const fields = fieldsOf(spec);
  for (const name of spec.positional) {
    const field = fields.find((one) => one.name === name);
    if (field !== undefined)
      command.argument(field.required ? `<${field.flag}>` : `[${field.flag}]`, field.description);
  }
  for (const field of fields) if (!spec.positional.includes(field.name)) command.addOption(optionOf(field));
  command.action(async (...all: unknown[]) => {
    const options = command.opts<CommonOptions & Record<string, unknown>>();
    await run(spec, inputOf(spec, all, options), options);
  });
}

/** `skein members` is a command and also the parent of `skein members remove`. */
function groupOf(parent: Command, word: string): Command {
  const existing = parent.commands.find((command) => command.name() === word);
  if (existing !== undefined) return existing;
  const group = new Command(word).description(GROUPS[word] ?? "").copyInheritedSettings(parent);
  parent.addCommand(group);
  return group;
}

const GROUPS: Readonly<Record<string, string>> = {
  item: "Add, show, change and move items",
  members: "List and remove members",
  project: "The repository that items land on",
};

function optionOf(field: Field): Option {
  switch (field.kind) {
    case "flag":
      return new Option(`--${field.flag}`, field.description);
    case "list":
      return new Option(`--${field.flag} <value>`, `${field.description}; may be repeated`).argParser(collect);
    case "text": {
      const value = FROM_FILE.has(field.name) ? "<file|->" : `<${field.flag}>`;
      const option = new Option(`--${field.flag} ${value}`, field.description).makeOptionMandatory(field.required);
      return field.choices.length > 0 ? option.choices(field.choices) : option;
    }
  }
}

/** The command's input as a line has it: arguments by their place, and options by their flag. */
export function inputOf(
  spec: CommandSpec,
  positional: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  let fromInput = 0;
  for (const field of fieldsOf(spec)) {
    const place = spec.positional.indexOf(field.name);
    const value = place >= 0 ? positional[place] : options[camelCase(field.flag)];
    // What is given by place is the text itself: an answer or a note.
    const fromFile = place < 0 && typeof value === "string" && FROM_FILE.has(field.name);
    // It ends once, and what is read of it a second time is empty.
    if (fromFile && value === "-" && fromInput++ > 0) {
      throw new Failure("Only one text can come from standard input. Give a file for the other.", 2);
    }
    if (value !== undefined) input[field.name] = fromFile ? readText(value) : value;
  }
  return input;
}

async function run(
  spec: CommandSpec,
  input: Readonly<Record<string, unknown>>,
  options: CommonOptions & Record<string, unknown>,
): Promise<void> {
  const client = await connect(dataDirectoryOf(options));
  try {
    const result = await client.command(spec.name, input);
    if (!result.ok) throw new Failure(result.error.message, result.error.code === "bad-input" ? 2 : 1);
    const text = options.json === true ? `${JSON.stringify(result.value)}\n` : present(spec.name, result.value);
    process.stdout.write(text);
    if (spec.effect === "writes" && !client.isRunning) {
      process.stderr.write("Saved. No node runs on this data directory right now: `skein up` starts it.\n");
    }
    if (spec.name === "doctor" && isUnwell(result.value)) process.exitCode = 1;
  } finally {
    await client.close();
  }
}

const isUnwell = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "ok" in value && value.ok === false;

const camelCase = (flag: string): string => flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function readText(from: string): string {
  try {
    return readFileSync(from === "-" ? 0 : from, "utf8");
  } catch (cause) {
    throw new Failure(`The text cannot be read from ${from === "-" ? "standard input" : from}: ${reasonOf(cause)}.`, 2);
  }
}

/** What the schema says about its fields, as JSON Schema tells it. */
function fieldsOf(spec: CommandSpec): readonly Field[] {
  return Object.entries(spec.input.shape).map(([name, schema]) => {
    const described = schemaFacts(schema);
    return { name, flag: FLAG_OF[name] ?? kebabCase(name), ...described };
  });
}

const kebabCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

type Schema = CommandSpec["input"]["shape"][string];

function schemaFacts(schema: Schema): Pick<Field, "description" | "kind" | "required" | "choices"> {
  const json = schemaJson(schema);
  const kind = json.type === "boolean" ? "flag" : json.type === "array" ? "list" : "text";
  return {
    description: withDefault(json),
    kind,
    required: !schema.safeParse(undefined).success,
    choices: json.enum ?? [],
  };
}

interface SchemaJson {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
}

/** What is taken when nothing is said, where that is worth saying: the node fills it in, so commander does not know it. */
function withDefault({ description = "", default: taken }: SchemaJson): string {
  const isTold = (typeof taken === "string" && taken !== "") || typeof taken === "number";
  return isTold ? `${description} (default: ${taken})`.trim() : description;
}

/** zod tells a schema's shape as JSON Schema. */
const schemaJson = (schema: Schema): SchemaJson =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as SchemaJson;
