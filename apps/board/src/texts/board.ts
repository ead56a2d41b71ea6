/** The words of the board page. */
import type { BoardItem, Stage } from "@skein/core";

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const stages: Readonly<Record<Stage, string>> = {
  Backlog: "Backlog",
  Coding: "Coding",
  Qa: "Qa",
  Merge: "Merge",
  Done: "Done",
  Archived: "Archived",
};

const archived: Readonly<Record<NonNullable<BoardItem["archiveReason"]>, string>> = {
  Completed: "Completed",
  Abandoned: "Abandoned",
  Superseded: "Superseded",
  Blocked: "Blocked",
  MergeFailed: "Merge failed",
  ReviewHeld: "Held in review",
};

const types: Readonly<Record<string, string>> = { story: "Story", bug: "Bug", spike: "Spike", chore: "Chore" };

/** Cards and the strips above them. */
export const cardTexts = {
  stages,
  archived,
  untitled: "(no title)",
  labels: "Labels",
  priority: (priority: number) => `Priority ${priority} of 9`,
  queue: (place: number) => (place === 0 ? "next in line" : `${place} ahead in line`),
  epoch: (epoch: number) => `epoch ${epoch}`,
  attempts: (count: number) => counted(count, "attempt", "attempts"),
  commits: (count: number) => counted(count, "commit", "commits"),
  since: "since",
  on: "on",
  merged: "merged",
  lease: { alive: "alive", silent: "silent", expired: "expired", unknown: "not known" },
  leaseHelp: {
    alive: "The holder's node beats: it is there.",
    silent: "This node does not hear the holder. Once its lease is over, any node may take the item over.",
    expired: "This node has not heard the holder for a whole lease. Any node may take the item over.",
    unknown: "The page hears from no node now. Whether the holder is there shows once it does.",
  },
  left: (seconds: number) => `${seconds} s left`,
  leftHelp: "How long the lease is still good when the holder says nothing more. Every beat renews it.",
  working: "working",
  idle: "no word",
  workingHelp: {
    working: "The agent's work goes on, by the holder's own word.",
    idle: "The holder beats and says nothing about this item.",
  },
  cost: (money: string) => `Cost so far: ${money}`,
  costUnknown: (money: string, unknown: number) =>
    `Cost so far: ${money}, and ${counted(unknown, "attempt", "attempts")} of which the cost is not known`,
  refuted: (commit: string) => `${commit} is not on the target branch, so this is not Done`,
  awaits: "for somebody to approve or reject the branch",
  notices: {
    hold: "On hold",
    waits: "Waits for",
    awaits: "Waits",
    archived: "Archived as",
    refuted: "Refuted:",
    asks: "The agent asks:",
    note: "",
  },
  actions: (title: string) => `Actions for ${title}`,
  noSlots: "no slots",
  slots: (busy: number, all: number) => `${busy} of ${all} slots in use`,
  nodeStates: { alive: "alive", silent: "silent", unknown: "not known", removed: "removed" },
  restingHelp: (standby: string) => `It is there and takes no work: ${standby}`,
  thisNode: "this node",
  named: (title: string) => `“${title}”`,
  labelsMore: (count: number) => `${count} more`,
  andMore: (count: number) => ` and ${count} more`,
};

/** The page around the cards. */
export const boardTexts = {
  nodes: "Nodes",
  claims: "Claims",
  stages: "Stages",
  noNodes: "No node has been heard.",
  noClaims: "Nobody holds anything.",
  nothingHere: "Nothing here",
  nothingMatches: "Nothing here matches",
  countOf: (shown: number, count: number) => (shown === count ? `${count}` : `${shown} of ${count}`),
  showAll: (count: number) => `Show ${counted(count, "older item", "older items")}`,
  search: "Search the board",
  searchHint: "Search  /",
  filters: "What to show",
  state: "State",
  states: {
    "": "Any state",
    person: "Waits for a person",
    held: "Held by a node",
    free: "Held by nobody",
    expired: "Lease expired",
    hold: "On hold",
    waits: "Waits for another item",
    blocked: "Blocked or refuted",
  },
  label: "Label",
  anyLabel: "Any label",
  node: "Node",
  anyNode: "Any node",
  group: "Group",
  groups: { "": "No groups", project: "By project", label: "By label", node: "By node" },
  groupEmpty: { project: "No project", label: "No label", node: "Nobody" },
  clear: "Clear",
  add: "New item",
  noRights: "You can look at the board here and not change it.",
  itemGone: "This item is not on the board any more.",
  keys: {
    down: "Next card",
    up: "Card before",
    left: "Column before",
    right: "Next column",
    open: "Open the card",
    search: "Search",
    add: "New item",
    move: "Move, hold, answer and more",
    clear: "Clear search and filters",
  },
  dropHere: (stage: string) => `Move to ${stage}`,
};

/** Dialogs of the board. */
export const actTexts = {
  move: "Move to",
  moved: (title: string, stage: string) => `“${title}” is in ${stage} now.`,
  archiveAsk: "Nobody works on what is archived.",
  hold: "Hold",
  holdReason: "Why it is on hold",
  holdDone: (title: string) => `“${title}” is on hold.`,
  release: "End the hold",
  releaseDone: (title: string) => `“${title}” goes on.`,
  priority: "Priority",
  setPriority: "Set the priority",
  priorityDone: (title: string, priority: number) => `“${title}” has priority ${priority} now.`,
  approve: "Approve the branch",
  approveDone: (title: string) => `You have approved “${title}”.`,
  sendBack: "Send back",
  sendBackNote: "What has to change",
  sendBackDone: (title: string) => `“${title}” is back in Coding.`,
  answer: "Answer",
  answerText: "Answer in your words",
  answerDone: "The agent gets your answer.",
  open: "Open the item",
  copy: "Copy its id",
};

export const newItemTexts = {
  title: "New item",
  name: "Title",
  text: "Story: what is wanted, and why",
  criteria: "Acceptance criteria: how to tell that it is done",
  type: "Type",
  types,
  priority: "Priority (0 whenever, 9 drop everything)",
  labels: "Labels, with commas between them",
  start: "Start it at once",
  add: "Add",
  done: (title: string) => `“${title}” is on the board.`,
};
