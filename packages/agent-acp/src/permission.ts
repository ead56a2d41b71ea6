/**
 * An agent's request for permission → a question a person can answer → the option that the agent hears.
 *
 * Options are shown by the agent's own names, made harmless, short and different from each other; what goes back is the
 * option's id, which is never shown. Without an answer the agent hears the least: a refusal for this once.
 */
import type { PermissionOption, RequestPermissionRequest, RequestPermissionResponse } from "@agentclientprotocol/sdk";
import type { AgentQuestion } from "@skein/node";

import { harmless, harmlessLine } from "./harmless.ts";
import { textAt } from "./untrusted.ts";

export interface PermissionQuestion extends AgentQuestion {
  /** Label → option id. */
  readonly ids: ReadonlyMap<string, string>;
}

const OPTIONS_MOST = 10;
const LABEL_LONGEST = 80;
const TITLE_LONGEST = 300;
const DETAIL_LONGEST = 1_200;

/** Undefined when there is nothing to choose from. */
export function questionOf(request: RequestPermissionRequest): PermissionQuestion | undefined {
  const labels = labelled(request.options.slice(0, OPTIONS_MOST));
  if (labels.length === 0) return undefined;
  const fallbacks = new Map<string, string>();
  const allow = pick(request.options, "allow");
  const deny = pick(request.options, "deny");
  for (const { label, id } of labels) {
    if (id === allow?.optionId) fallbacks.set("allow", label);
    if (id === deny?.optionId) fallbacks.set("deny", label);
  }
  return {
    text: wordsOf(request),
    options: labels.map(({ label }) => label),
    fallbacks,
    ids: new Map(labels.map(({ label, id }) => [label, id])),
  };
}

/** What the agent wants to do, in one line. */
export const titleOf = ({ toolCall }: RequestPermissionRequest): string =>
  harmlessLine(toolCall.title ?? toolCall.kind ?? "a tool", TITLE_LONGEST);

/** The option for an answer that is always the same: for this once where there is such an option, and for good otherwise. */
export function pick(options: readonly PermissionOption[], answer: "allow" | "deny"): PermissionOption | undefined {
  const kinds =
    answer === "allow" ? (["allow_once", "allow_always"] as const) : (["reject_once", "reject_always"] as const);
  for (const kind of kinds) {
    const found = options.find((option) => option.kind === kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Kinds of calls that only look, in the agent's own words. */
const LOOKING: ReadonlySet<string> = new Set(["read", "search", "think"]);

/** May look, and nothing else; and what is allowed is allowed for this once, never for good. */
export function lookOnly({ toolCall, options }: RequestPermissionRequest): {
  readonly answer: "allow" | "deny";
  readonly option: PermissionOption | undefined;
} {
  const once = options.find(({ kind }) => kind === "allow_once");
  if (LOOKING.has(toolCall.kind ?? "") && once !== undefined) return { answer: "allow", option: once };
  return { answer: "deny", option: pick(options, "deny") };
}

export const CANCELLED: RequestPermissionResponse = { outcome: { outcome: "cancelled" } };

export const chosen = (optionId: string | undefined): RequestPermissionResponse =>
  optionId === undefined ? CANCELLED : { outcome: { outcome: "selected", optionId } };

function wordsOf(request: RequestPermissionRequest): string {
  const { toolCall } = request;
  const command = commandOf(toolCall.rawInput);
  const places = (toolCall.locations ?? []).slice(0, 10).map(({ path }) => path);
  const details = [
    ...(command === undefined ? [] : [command]),
    ...(places.length === 0 ? [] : [`In: ${places.join(", ")}`]),
  ];
  const kind = harmlessLine(toolCall.kind ?? "", 30);
  const title = `May I? ${titleOf(request)}${kind === "" ? "" : ` (${kind})`}`;
  return [title, ...details.map((detail) => harmless(detail, DETAIL_LONGEST / details.length))].join("\n").trim();
}

/** Most agents name the shell command of a call so; a title may hide the half of it. */
function commandOf(input: unknown): string | undefined {
  const command = textAt(input, "command");
  return command === undefined ? undefined : `$ ${command}`;
}

function labelled(options: readonly PermissionOption[]): readonly { readonly label: string; readonly id: string }[] {
  const taken = new Set<string>();
  return options.map(({ name, optionId, kind }) => {
    const plain = harmlessLine(name, LABEL_LONGEST - 5) || harmlessLine(kind.replaceAll("_", " "), LABEL_LONGEST - 5);
    let label = plain;
    for (let count = 2; taken.has(label.toLowerCase()); count++) label = `${plain} (${count})`;
    taken.add(label.toLowerCase());
    return { label, id: optionId };
  });
}
