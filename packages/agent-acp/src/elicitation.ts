/**
 * An agent's form → questions, one for each field, and the answers → the form's content.
 *
 * Only fields that one line of text answers are asked: texts, choices, yes or no, and numbers. A form with any other field
 * is declined as a whole, since an agent cannot use a part of it.
 */
import type { CreateElicitationRequest, ElicitationPropertySchema } from "@agentclientprotocol/sdk";
import { err, ok, type Result } from "@skein/core";
import type { AgentQuestion } from "@skein/node";

import { harmless, harmlessLine } from "./harmless.ts";
import { field, listAt, textAt } from "./untrusted.ts";

export interface FormField {
  readonly name: string;
  readonly question: AgentQuestion;
  /** The value an answer stands for, or one sentence saying why it stands for none. */
  readonly read: (answer: string) => Result<string | number | boolean, string>;
}

const FIELDS_MOST = 4;
const OPTIONS_MOST = 10;
const LABEL_LONGEST = 80;
const TEXT_LONGEST = 1_500;

/** The form's fields in order, or why it cannot be asked. */
export function fieldsOf(request: CreateElicitationRequest): Result<readonly FormField[], string> {
  if (request.mode !== "form") return err("Only forms can be asked here.");
  const properties = Object.entries(propertiesOf(request));
  if (properties.length === 0) return err("The form has no fields.");
  if (properties.length > FIELDS_MOST) return err(`A form here has at most ${FIELDS_MOST} fields.`);
  const fields: FormField[] = [];
  for (const [name, property] of properties) {
    const made = fieldOf(request.message, name, property, properties.length > 1);
    if (made === undefined) return err(`The field ${harmlessLine(name, 60)} cannot be answered by a line of text.`);
    fields.push(made);
  }
  return ok(fields);
}

function propertiesOf(request: CreateElicitationRequest): Readonly<Record<string, ElicitationPropertySchema>> {
  if (!("requestedSchema" in request) || typeof request.requestedSchema !== "object") return {};
  const properties = field(request.requestedSchema, "properties");
  // The SDK has checked the form of every property.
  return typeof properties === "object" && properties !== null ? { ...properties } : {};
}

function fieldOf(
  message: string,
  name: string,
  property: ElicitationPropertySchema,
  isOneOfMany: boolean,
): FormField | undefined {
  const title = textAt(property, "title") ?? name;
  const words = [message, ...(isOneOfMany ? [title] : []), textAt(property, "description") ?? ""];
  const text = harmless(words.filter((word) => word !== "").join("\n"), TEXT_LONGEST).trim() || harmlessLine(name, 80);
  const make = (options: readonly string[], read: FormField["read"]): FormField => ({
    name,
    question: { text, options, fallbacks: new Map() },
    read,
  });
  switch (property.type) {
    case "boolean":
      return make(["yes", "no"], (answer) => ok(answer === "yes"));
    case "number":
    case "integer":
      return make([], (answer) => readNumber(answer, property.type === "integer"));
    case "string": {
      const choices = choicesOf(property);
      if (choices === undefined) return undefined;
      return make([...choices.keys()], (answer) => ok(choices.get(answer) ?? answer));
    }
    default:
      return undefined;
  }
}

function readNumber(answer: string, isWhole: boolean): Result<number, string> {
  const value = answer.trim() === "" ? Number.NaN : Number(answer);
  const fits = isWhole ? Number.isSafeInteger(value) : Number.isFinite(value);
  return fits ? ok(value) : err(`${JSON.stringify(harmlessLine(answer, 60))} is no ${isWhole ? "whole " : ""}number.`);
}

/** Label → value; empty when any text will do, undefined when there are too many to choose from. */
function choicesOf(property: unknown): ReadonlyMap<string, string> | undefined {
  const titled = listAt(property, "oneOf").map((one) => [textAt(one, "title"), textAt(one, "const")] as const);
  const plain = listAt(property, "enum").map((one) => [one, one] as const);
  const choices = new Map<string, string>();
  for (const [title, value] of [...titled, ...plain]) {
    if (typeof title !== "string" || typeof value !== "string") return undefined;
    choices.set(harmlessLine(title, LABEL_LONGEST), value);
  }
  const isClear = new Set([...choices.keys()].map((label) => label.toLowerCase())).size === choices.size;
  return isClear && choices.size <= OPTIONS_MOST && !choices.has("") ? choices : undefined;
}
