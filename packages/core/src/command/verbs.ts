/**
 * The verbs of chat rooms, each a way to say a command of the registry in one line. What a verb does, needs and allows is
 * the command's; here is only how it is said. Verbs without a command are about the room itself (help, pairing, answers).
 */
import type { Role } from "../member/role.ts";
import type { CommandName } from "./registry.ts";

interface Parameter {
  /** Field of the command's input. */
  readonly field: string;
  /** `item`: an id, in a thread left out for the thread's own. `rest`: everything to the end. */
  readonly kind: "item" | "word" | "rest" | "line-and-text";
  readonly required: boolean;
}

export interface Verb {
  /** The usual one first. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** Null for verbs about the room itself. */
  readonly command: CommandName | null;
  /** Fields that the verb itself says. */
  readonly fixed?: Readonly<Record<string, string | boolean>>;
  /** Flags that usage shows, beyond those that a terminal has anyway. */
  readonly flags?: readonly string[];
  /** The least role in a room, where that is more than the command itself needs. */
  readonly role?: Role;
  /** It undoes what cannot be had again by another command, so it asks first. */
  readonly confirm?: boolean;
}

const item: Parameter = { field: "item", kind: "item", required: true };
const rest = (field: string, required: boolean = false): Parameter => ({ field, kind: "rest", required });
const word = (field: string, required: boolean = false): Parameter => ({ field, kind: "word", required });

export const VERBS: readonly Verb[] = [
  {
    names: ["help", "?", "commands"],
    summary: "What can be said here, or how one verb is said",
    parameters: [word("verb")],
    command: null,
  },
  { names: ["whoami"], summary: "Who you are here and what you may do", parameters: [], command: null },
  {
    names: ["pair", "link"],
    summary: "Say who you are, with the code that `skein pair` printed",
    parameters: [rest("code", true)],
    command: null,
  },
  { names: ["unpair", "unlink"], summary: "Forget who you are on this platform", parameters: [], command: null },
  {
    names: ["yes", "confirm", "ok"],
    summary: "Do what was asked about",
    parameters: [word("code")],
    command: null,
  },
  { names: ["no", "cancel"], summary: "Do not do what was asked about", parameters: [word("code")], command: null },
  {
    names: ["tell"],
    summary: "How much this room is told, or you alone: nothing, important, stages or everything",
    parameters: [word("level", true), word("whom")],
    command: null,
  },
  {
    names: ["quiet"],
    summary: "Hours without notices, like 22:00-07:00 Europe/Berlin; off ends them",
    parameters: [word("hours", true), word("zone"), word("whom")],
    command: null,
  },
  {
    names: ["digest"],
    summary: "Notices together, every 15m, 1h or 1d; off for each at once",
    parameters: [word("every", true), word("whom")],
    command: null,
  },
  {
    names: ["language"],
    summary: "Notices in en, de, fr or es",
    parameters: [word("locale", true), word("whom")],
    command: null,
  },
  { names: ["subscribe", "watch"], summary: "Be told of an item", parameters: [item, word("whom")], command: null },
  { names: ["mute"], summary: "Not be told of an item", parameters: [item, word("whom")], command: null },
  {
    names: ["notices"],
    summary: "What was said lately, what was not, and why",
    parameters: [],
    command: "notices",
  },
  {
    names: ["remind"],
    summary: "Be reminded here, of an item or of anything, after a time like 20m, 2h or 1d",
    parameters: [{ ...item, required: false }, word("after", true), rest("text")],
    command: null,
  },
  { names: ["timers"], summary: "The reminders that wait", parameters: [], command: "timers" },
  {
    names: ["forget"],
    summary: "Cancel a reminder",
    parameters: [word("timer", true)],
    command: "timer.cancel",
  },
  { names: ["more"], summary: "The rest of a long answer", parameters: [], command: null },
  {
    names: ["status"],
    summary: "How the board stands; with an item, how that stands",
    parameters: [{ ...item, required: false }],
    flags: ["live"],
    command: null,
  },
  { names: ["list", "ls", "backlog"], summary: "The items", parameters: [word("stage")], command: "item.list" },
  { names: ["show"], summary: "One item", parameters: [item], command: "item.show" },
  { names: ["why"], summary: "Why an item is where it is", parameters: [item], command: "why" },
  { names: ["stuck"], summary: "What does not move, and what gets it out", parameters: [], command: "stuck" },
  { names: ["history"], summary: "What happened to an item", parameters: [item], command: "item.history" },
  { names: ["log", "logs", "tail"], summary: "The last lines of an item's attempt", parameters: [item], command: null },
  { names: ["queue"], summary: "What lands next, and what it waits for", parameters: [], command: "queue" },
  { names: ["budget"], summary: "What may be spent today, and what is left", parameters: [], command: "budget" },
  {
    names: ["costs"],
    summary: "What work has cost, by item or by a word like node or day",
    parameters: [word("by")],
    command: "costs",
  },
  { names: ["pause"], summary: "Let nothing land", parameters: [rest("reason")], command: "queue.pause" },
  {
    names: ["drain"],
    summary:
      "Land what is in the merge queue, and nothing that comes after; with a node's name, let it take no more work",
    parameters: [rest("reason")],
    command: "queue.pause",
    fixed: { drain: true },
  },
  { names: ["unpause"], summary: "Let the merge queue go on", parameters: [], command: "queue.resume" },
  {
    names: ["park"],
    summary: "Let a node take no more work; what it works on goes on, or is given back with --now",
    parameters: [word("node", true), rest("reason")],
    flags: ["now"],
    command: "node.drain",
    // A node may say so of itself with less, and a room speaks through whichever node is there.
    role: "operator",
  },
  {
    names: ["unpark", "undrain"],
    summary: "Let a node take work again",
    parameters: [word("node", true)],
    command: "node.undrain",
    role: "operator",
  },
  { names: ["freeze"], summary: "Let nobody take more work", parameters: [rest("reason")], command: "mesh.freeze" },
  { names: ["unfreeze"], summary: "Let everybody take work again", parameters: [], command: "mesh.unfreeze" },
  { names: ["nodes"], summary: "The nodes, as this one sees them", parameters: [], command: "nodes" },
  { names: ["claims", "who"], summary: "Who works on what", parameters: [], command: "claims" },
  { names: ["people"], summary: "Who is who, and may do what", parameters: [], command: "people" },
  { names: ["doctor"], summary: "What is wrong, and what to do", parameters: [], command: "doctor" },
  {
    names: ["new", "add", "story"],
    summary: "Add a story: its title in the first line, the story below",
    parameters: [{ field: "title", kind: "line-and-text", required: true }],
    flags: ["start"],
    command: "item.add",
  },
  {
    names: ["bug"],
    summary: "Add a bug: its title in the first line, the rest below",
    parameters: [{ field: "title", kind: "line-and-text", required: true }],
    flags: ["start"],
    command: "item.add",
    fixed: { type: "bug" },
  },
  { names: ["start", "go"], summary: "Send an item from Backlog to Coding", parameters: [item], command: "item.start" },
  {
    names: ["stop", "shelve"],
    summary: "Put an item back into the Backlog",
    parameters: [item],
    command: "item.move",
    fixed: { stage: "backlog" },
  },
  {
    names: ["move"],
    summary: "Move an item to backlog or coding",
    parameters: [item, word("stage", true)],
    command: "item.move",
  },
  {
    names: ["prio", "priority"],
    summary: "Set an item's priority, 0 to 9",
    parameters: [item, word("priority", true)],
    command: "item.edit",
  },
  {
    names: ["title"],
    summary: "Change an item's title",
    parameters: [item, rest("title", true)],
    command: "item.edit",
  },
  { names: ["text"], summary: "Change an item's story", parameters: [item, rest("text", true)], command: "item.edit" },
  {
    names: ["criteria"],
    summary: "Change how to tell that an item is done",
    parameters: [item, rest("criteria", true)],
    command: "item.edit",
  },
  { names: ["note"], summary: "Write a note on an item", parameters: [item, rest("text", true)], command: "item.note" },
  {
    names: ["comment"],
    summary: "Say something of what an attempt has made; the next attempt is told",
    parameters: [item, rest("text", true)],
    command: "item.comment",
  },
  {
    names: ["answer", "reply"],
    summary: "Answer what an agent has asked about an item",
    parameters: [item, rest("text", true)],
    command: "item.answer",
  },
  { names: ["hold"], summary: "Put an item on hold", parameters: [item, rest("reason")], command: "item.hold" },
  {
    names: ["unhold", "release", "resume"],
    summary: "End an item's hold",
    parameters: [item],
    command: "item.hold",
    fixed: { release: true },
  },
  {
    names: ["approve"],
    summary: "Say that you are content with an item's branch as it is",
    parameters: [item, rest("note")],
    command: "item.approve",
  },
  {
    names: ["qa"],
    summary: "Who has to be content with an item: commands, agent, human, or project for what skein.yaml says",
    parameters: [item, word("qa", true)],
    command: "item.edit",
  },
  {
    names: ["reject"],
    summary: "Send an item in Qa or Merge back to Coding",
    parameters: [item, rest("note", true)],
    command: "item.reject",
  },
  {
    names: ["archive", "abandon"],
    summary: "Archive an item",
    parameters: [item, rest("note")],
    command: "item.archive",
    confirm: true,
  },
  {
    names: ["restore", "retry"],
    summary: "Bring an archived item back to the Backlog",
    parameters: [item, rest("note")],
    command: "item.restore",
  },
  {
    names: ["delete"],
    summary: "Delete an item for good",
    parameters: [item, rest("note")],
    command: "item.delete",
    confirm: true,
  },
];

export const verbOf = (name: string): Verb | undefined => VERBS.find(({ names }) => names.includes(name));

/** `hold #id [reason…]`, `status [#id] [--live]` */
export function usageOf({ names: [name = ""], parameters, flags = [] }: Verb): string {
  const words = parameters.map(({ field, kind, required }) => {
    const text =
      kind === "item" ? "#id" : kind === "line-and-text" ? `${field}…` : kind === "rest" ? `${field}…` : field;
    return required ? text : `[${text}]`;
  });
  return [name, ...words, ...flags.map((flag) => `[--${flag}]`)].join(" ");
}
