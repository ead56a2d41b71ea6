/**
 * The one registry of commands: name, what it needs, who may, what it does. The CLI and HTTP are made from it; so will
 * be chat, web and MCP. A command that writes is decided in decide.ts, one that reads is answered in view/queries.ts, one
 * that needs the running node (its links, its disk) is answered by the node.
 */
import { z } from "zod";

import { ARCHIVE_REASONS } from "../fold/stage.ts";
import { ROLES, type Role } from "../member/role.ts";
import { OID } from "../op/fields.ts";
import { ITEM_TYPES, LEDGER_KEYS, QA_MODES } from "../op/bodies.ts";
import { FLOW_RANGES } from "../op/ranges.ts";
import { LIMITS } from "../op/limits.ts";
import { PROJECT_INPUTS } from "./project-inputs.ts";

const itemRef = z.string().min(1).max(12).describe("item id, or the beginning of one");
const title = z.string().trim().min(1).max(LIMITS.titleLength).describe("one line that names the item");
const text = z.string().max(LIMITS.textBytes).describe("the story: what is wanted, and why");
const criteria = z.string().max(LIMITS.textBytes).describe("the acceptance criteria: how to tell that it is done");
const priority = z.coerce
  .number()
  .int()
  .min(0)
  .max(9)
  // "-0" is a number below nothing, and ops have no encoding for it.
  .overwrite((given) => given + 0)
  .describe("0 (whenever) to 9 (drop everything)");
const labels = z
  .array(z.string().trim().min(1).max(LIMITS.labelLength))
  .max(LIMITS.labels)
  .describe("labels, replaced as a whole");
const dependsOn = z.array(itemRef).max(LIMITS.dependsOn).describe("items that must be Done first");
const qa = z
  .enum(["project", ...QA_MODES])
  .describe(
    "who has to be content with it: the gate's commands, a reviewer agent too, a person too; or as the project says",
  );
const touches = z
  .array(
    z
      .string()
      .trim()
      .max(LIMITS.touchLength)
      .regex(/^(?!.*(?:^|\/)(?:\.{0,2})(?:\/|$)).+$/u, "a path in the repository, like src/login/** or docs/*.md"),
  )
  .max(LIMITS.touches)
  .describe("paths that it will change, like src/login/**, replaced as a whole");
const parent = itemRef.describe("the item that this one is a part of, and that begins once its parts have landed");
const note = z.string().max(LIMITS.noteLength).describe("one sentence for the history");
const epoch = z.coerce
  .number()
  .int()
  .min(1)
  .max(LIMITS.counter)
  .describe("which attempt; the one with the newest branch when left out");
const key = z.string().min(1).max(64).describe("member's name, or its public key or the beginning of it");

const range = z.enum(FLOW_RANGES).default("7d").describe("how far back");

/** The unit is said where it is asked for: help shows no pattern. */
const TTL_UNITS = "a number and s, m, h or d, like 30m or 2d";
const ttl = z.string().regex(/^[1-9][0-9]{0,5}(s|m|h|d)$/, "a number and s, m, h or d, like 1h");

const inputs = {
  "item.add": z.strictObject({
    title,
    text: text.default(""),
    criteria: criteria.optional(),
    type: z.enum(ITEM_TYPES).default("story").describe("kind of work"),
    priority: priority.default(5),
    labels: labels.default([]),
    dependsOn: dependsOn.default([]),
    qa: qa.optional(),
    parent: parent.optional(),
    touches: touches.optional(),
    start: z.boolean().default(false).describe("go straight to Coding"),
  }),
  "item.edit": z.strictObject({
    item: itemRef,
    title: title.optional(),
    text: text.optional(),
    criteria: criteria.optional(),
    priority: priority.optional(),
    labels: labels.optional(),
    dependsOn: dependsOn.optional(),
    parent: parent.describe("the item that this one is a part of, or none").optional(),
    qa: qa.optional(),
    touches: touches.optional(),
  }),
  "item.approve": z.strictObject({
    item: itemRef,
    note: note.default(""),
    tip: z
      .string()
      .regex(/^[0-9a-f]{4,64}$/u, "must be a commit's id in hex, or the beginning of one")
      .optional()
      .describe("the tip that you have looked at: refused when the branch is at another one by now"),
  }),
  "item.start": z.strictObject({ item: itemRef }),
  "item.move": z.strictObject({
    item: itemRef,
    stage: z.string().min(1).max(20).describe("backlog or coding; the other stages are reached by work"),
  }),
  "item.reject": z.strictObject({ item: itemRef, note: note.min(1) }),
  "item.hold": z.strictObject({
    item: itemRef,
    reason: z.string().trim().max(LIMITS.titleLength).default("on hold").describe("why it is on hold"),
    release: z.boolean().default(false).describe("end the hold"),
  }),
  "item.archive": z.strictObject({
    item: itemRef,
    reason: z.enum(ARCHIVE_REASONS).default("Abandoned").describe("why it ends"),
    note: note.default(""),
  }),
  "item.restore": z.strictObject({ item: itemRef, note: note.default("") }),
  "item.delete": z.strictObject({ item: itemRef, note: note.default("") }),
  "item.list": z.strictObject({
    stage: z.string().max(20).optional().describe("only items in this stage"),
    all: z.boolean().default(false).describe("archived items too"),
  }),
  "item.show": z.strictObject({ item: itemRef }),
  "item.history": z.strictObject({ item: itemRef }),
  "item.note": z.strictObject({ item: itemRef, text: note.min(1) }),
  "item.comment": z.strictObject({
    item: itemRef,
    text: note.min(1),
    epoch: epoch.optional(),
    path: z.string().max(LIMITS.pathLength).default("").describe("the file it is about; all of them when left out"),
    line: z.coerce.number().int().min(1).max(LIMITS.counter).optional().describe("the line of that file, from 1"),
    commit: z
      .string()
      .regex(OID, "must be a whole commit id in hex")
      .optional()
      .describe("the commit that you have looked at"),
  }),
  "item.diff": z.strictObject({ item: itemRef, epoch: epoch.optional() }),
  "item.answer": z.strictObject({
    item: itemRef,
    text: note.min(1),
    question: z.string().max(26).optional().describe("which question; the oldest open one when left out"),
  }),
  artifacts: z.strictObject({ item: itemRef.optional() }),
  questions: z.strictObject({}),
  people: z.strictObject({}),
  "people.pair": z.strictObject({
    person: z
      .string()
      .trim()
      .min(1)
      .max(LIMITS.nameLength)
      .describe("who will use the code: a member's name, or any name for somebody without a node"),
    role: z
      .enum(ROLES)
      .optional()
      .describe(
        "what the person may do from rooms; as before, or operator for somebody new; never more than this node's",
      ),
    ttl: ttl.default("1h").describe(`how long the code is good for: ${TTL_UNITS}`),
  }),
  "people.unpair": z.strictObject({
    principal: z.string().min(1).max(LIMITS.chatIdLength).describe("like slack:T1/U1, as `skein people` lists them"),
  }),
  "people.role": z.strictObject({
    person: z.string().min(1).max(LIMITS.nameLength),
    role: z.enum([...ROLES, "none"]).describe("what the person may do from rooms; none for nothing at all"),
  }),
  why: z.strictObject({ item: itemRef }),
  stuck: z.strictObject({}),
  claims: z.strictObject({}),
  nodes: z.strictObject({}),
  mesh: z.strictObject({}),
  flow: z.strictObject({ range }),
  timeline: z.strictObject({
    range,
    after: z.string().max(32).optional().describe("where to go on: what the page before gave as next"),
  }),
  members: z.strictObject({}),
  "member.invite": z.strictObject({
    role: z.enum(ROLES).describe("what the new member may do"),
    ttl: ttl.default("1h").describe(`how long the ticket is good for: ${TTL_UNITS}; 30d at most`),
  }),
  "member.remove": z.strictObject({ member: key, note: note.default("") }),
  "member.rotate": z.strictObject({}),
  "project.set": z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
    remote: z
      .string()
      .min(1)
      .max(1_000)
      .refine(
        (remote) => !/^https?:\/\/[^/]*@/i.test(remote),
        "a URL without user name or password: every member reads it",
      ),
    base: z.string().min(1).max(200),
    config: z.string().max(LIMITS.configBytes),
  }),
  ...PROJECT_INPUTS,
  projects: z.strictObject({}),
  queue: z.strictObject({}),
  "queue.blame": z.strictObject({}),
  costs: z.strictObject({
    by: z.enum(LEDGER_KEYS).default("item").describe("what each row adds up"),
  }),
  "queue.pause": z.strictObject({
    reason: z.string().trim().max(LIMITS.titleLength).default("").describe("why nothing lands meanwhile"),
    drain: z.boolean().default(false).describe("what is in the queue still lands, and nothing that comes after it"),
  }),
  "queue.resume": z.strictObject({}),
  "node.drain": z.strictObject({
    node: key.optional().describe("the node's name or key; this node when left out"),
    reason: z.string().trim().max(LIMITS.titleLength).default("").describe("why it takes no work"),
    now: z.boolean().default(false).describe("give back what it works on, too"),
  }),
  "node.undrain": z.strictObject({
    node: key.optional().describe("the node's name or key; this node when left out"),
  }),
  "mesh.freeze": z.strictObject({
    reason: z.string().trim().max(LIMITS.titleLength).default("").describe("why nobody takes work"),
    now: z.boolean().default(false).describe("give back what is worked on, too"),
  }),
  "mesh.unfreeze": z.strictObject({}),
  budget: z.strictObject({}),
  "budget.set": z.strictObject({
    amount: z
      .string()
      .trim()
      .regex(/^(?:none|\$?(?:0|[1-9][0-9]{0,7})(?:\.[0-9]{1,6})?(?:\/day)?)$/, "dollars a day, like 20/day, or none")
      .describe("what all nodes may spend together on a day (UTC), like 20/day; none ends the cap"),
    share: z
      .array(z.string().max(LIMITS.nameLength + 8))
      .max(LIMITS.budgetShares)
      .default([])
      .describe("a member's part, like alice=2; equal parts for all that may work when none is given"),
  }),
  timers: z.strictObject({}),
  "timer.add": z.strictObject({
    title: title.optional().describe("title of the item that is added when the time comes"),
    at: z.string().max(40).optional().describe("once, like 2026-12-01T09:00, in --zone unless it names an offset"),
    cron: z
      .string()
      .max(LIMITS.cronLength)
      .optional()
      .describe("again and again: minute, hour, day, month and weekday, like '30 9 * * 1-5'"),
    zone: z.string().min(1).max(LIMITS.nameLength).default("UTC").describe("time zone, like Europe/Berlin"),
    catchUp: z
      .enum(["one", "none"])
      .default("one")
      .describe("what becomes of times that nobody could keep: the last one is made up for, or none"),
    action: z
      .enum(["add", "start", "retry"])
      .default("add")
      .describe("what happens: an item is added, started or retried"),
    item: itemRef.optional().describe("the item to start or retry"),
    text: text.default(""),
    priority: priority.default(5),
    labels: labels.default([]),
    start: z.boolean().default(false).describe("the added item goes straight to Coding"),
  }),
  "timer.cancel": z.strictObject({ timer: z.string().min(1).max(12).describe("its id, as timers lists it") }),
  notices: z.strictObject({}),
  transports: z.strictObject({}),
  digest: z.strictObject({}),
  forks: z.strictObject({}),
  effects: z.strictObject({}),
  verify: z.strictObject({}),
  checkpoint: z.strictObject({}),
  compact: z.strictObject({}),
  doctor: z.strictObject({}),
  "doctor.seen": z.strictObject({}),
} as const;

export type CommandName = keyof typeof inputs;
export type CommandInput<N extends CommandName> = z.infer<(typeof inputs)[N]>;

export interface CommandSpec {
  readonly name: CommandName;
  /** Words on the command line. */
  readonly words: readonly string[];
  readonly summary: string;
  /** Fields that are given by place on the command line, in order; the rest are options. */
  readonly positional: readonly string[];
  /** The least role of the node's key. */
  readonly role: Role;
  /** What it does to the world. */
  readonly effect: "writes" | "reads" | "asks-node";
  readonly input: z.ZodObject;
}

const spec = (
  name: CommandName,
  effect: CommandSpec["effect"],
  role: Role,
  summary: string,
  positional: readonly string[] = [],
  words: readonly string[] = name.split("."),
): CommandSpec => ({ name, words, summary, positional, role, effect, input: inputs[name] });

export const COMMANDS: readonly CommandSpec[] = [
  spec("item.add", "writes", "operator", "Add an item to the Backlog, or start it at once", ["title"]),
  spec("item.list", "reads", "observer", "List the items"),
  spec("item.show", "reads", "observer", "Show one item", ["item"]),
  spec("item.history", "reads", "observer", "Show an item's history as the tree it is", ["item"]),
  spec("item.edit", "writes", "operator", "Change an item's title, texts, priority, labels, parent and more", ["item"]),
  spec("item.start", "writes", "operator", "Send an item from Backlog to Coding", ["item"]),
  spec("item.move", "writes", "operator", "Move an item to Backlog or Coding", ["item", "stage"]),
  spec("item.approve", "writes", "operator", "Say that you are content with an item's branch as it is", [
    "item",
    "note",
  ]),
  spec("item.reject", "writes", "operator", "Send an item in Qa or Merge back to Coding", ["item", "note"]),
  spec("item.hold", "writes", "operator", "Put an item on hold, or end the hold with --release", ["item", "reason"]),
  spec("item.archive", "writes", "operator", "Archive an item", ["item"]),
  spec("item.restore", "writes", "operator", "Bring an archived item back to the Backlog", ["item"]),
  spec("item.delete", "writes", "operator", "Delete an item for good; a tombstone remains", ["item"]),
  spec("item.note", "writes", "operator", "Write a note on an item", ["item", "text"]),
  spec("item.comment", "writes", "operator", "Say something of what an attempt has made; the next attempt is told", [
    "item",
    "text",
  ]),
  spec("item.diff", "asks-node", "observer", "Show what an attempt has changed", ["item"]),
  spec("item.answer", "writes", "operator", "Answer what an agent has asked about an item", ["item", "text"]),
  spec("artifacts", "reads", "observer", "List what is kept of attempts: logs, gate output, files", ["item"]),
  spec("questions", "reads", "observer", "List what agents ask and nobody has answered"),
  spec("people", "reads", "observer", "List who may command the mesh from chat rooms, and as whom"),
  spec("people.pair", "writes", "operator", "Print a code that links a chat account to a person", ["person"], ["pair"]),
  spec("people.unpair", "writes", "operator", "Take a chat account's link away", ["principal"]),
  spec("people.role", "writes", "operator", "Change what a person may do from chat rooms", ["person", "role"]),
  spec("why", "reads", "observer", "Say in words why an item is where it is", ["item"]),
  spec("stuck", "reads", "observer", "List what does not move: why, since when, and the command that gets it out"),
  spec("claims", "asks-node", "observer", "List who holds what, and whether they are alive"),
  spec("nodes", "asks-node", "observer", "List the nodes as this one sees them"),
  spec("mesh", "asks-node", "observer", "Show the mesh: nodes, the links between them, clocks, and alarms"),
  spec(
    "flow",
    "asks-node",
    "observer",
    "Show how work flows: what landed, how long it took, what failed, what it cost",
  ),
  spec("timeline", "asks-node", "observer", "Show who held what when, take-overs marked"),
  spec("members", "reads", "observer", "List the members and open invitations"),
  spec("member.invite", "writes", "operator", "Print a ticket that lets one machine join", [], ["invite"]),
  spec(
    "member.remove",
    "writes",
    "operator",
    "Remove a member; its sockets close at once",
    ["member"],
    ["members", "remove"],
  ),
  spec("member.rotate", "writes", "observer", "Replace this node's key by a new one; the member stays", [], ["rotate"]),
  spec("project.set", "writes", "operator", "Set the repository that items land on", [], ["project", "set"]),
  spec("project.look", "asks-node", "owner", "Say what a repository on this machine would be as a project", ["path"]),
  spec("project.begin", "asks-node", "owner", "Make a repository on this machine the project", ["path"]),
  spec("project.practice", "asks-node", "owner", "Make a small repository to try Skein with, and make it the project"),
  spec("projects", "reads", "observer", "List the projects"),
  spec("queue", "reads", "observer", "Show the merge queue: what lands next, who lands it, what the head waits for"),
  spec(
    "queue.blame",
    "asks-node",
    "observer",
    "Say who or what the head of the merge queue waits for, and what was red",
  ),
  spec("costs", "reads", "observer", "Say what work has cost, as far as agents tell"),
  spec(
    "budget",
    "reads",
    "observer",
    "Show the fleet's budget of today: whose part is how large, and what is left of it",
  ),
  spec("budget.set", "writes", "operator", "Set what all nodes together may spend on a day", ["amount"]),
  spec("queue.pause", "writes", "operator", "Let nothing land until `queue resume`", ["reason"]),
  spec("queue.resume", "writes", "operator", "Let the merge queue go on"),
  spec(
    "node.drain",
    "writes",
    "agent",
    "Let a node take no more work; what it works on goes on, or is given back with --now",
    ["node"],
    ["drain"],
  ),
  spec("node.undrain", "writes", "agent", "Let a node take work again", ["node"], ["undrain"]),
  spec(
    "mesh.freeze",
    "writes",
    "operator",
    "Let nobody take more work until `unfreeze`; what runs goes on",
    ["reason"],
    ["freeze"],
  ),
  spec("mesh.unfreeze", "writes", "operator", "Let everybody take work again", [], ["unfreeze"]),
  spec("timers", "reads", "observer", "List the timers and reminders that wait"),
  spec(
    "timer.add",
    "writes",
    "operator",
    "Add an item, or start or retry one, at a time or every so often",
    ["title"],
    ["timers", "add"],
  ),
  spec("timer.cancel", "writes", "operator", "Cancel a timer or a reminder", ["timer"], ["timers", "cancel"]),
  spec("notices", "reads", "observer", "List what was said in chat rooms lately, what was left unsaid, and why"),
  spec("transports", "asks-node", "observer", "List this node's chat accounts, and who speaks for each"),
  spec("digest", "reads", "observer", "Print the digest of the view and the feed heads"),
  spec("forks", "asks-node", "observer", "List feeds whose author wrote two histories"),
  spec("effects", "asks-node", "observer", "List what this node is doing right now"),
  spec("verify", "asks-node", "observer", "Check every signature and hash of the log on disk"),
  spec(
    "checkpoint",
    "asks-node",
    "operator",
    "Sign what this node holds, so that every node may shorten what lies below",
  ),
  spec("compact", "asks-node", "observer", "Shorten this node's log on disk below the newest checkpoint, now"),
  spec("doctor", "asks-node", "observer", "Check this node and say what is wrong and what to do"),
  spec("doctor.seen", "asks-node", "observer", "Say that you have seen this node's alarms; they end"),
];

export const commandSpec = (name: string): CommandSpec | undefined => COMMANDS.find((command) => command.name === name);
