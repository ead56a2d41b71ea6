/**
 * An item's history as the tree it is, each op with what it did, whose it is and whether its signature counts. Pure, and linear
 * in the item's own ops.
 */
import { speakerName } from "../chat/speaker.ts";
import type { RoomCommand } from "../chat/chat-view.ts";
import type { LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import { hasNoEffect, type HistoryEntry, stateOf } from "../fold/history.ts";
import type { ItemState } from "../fold/item-state.ts";
import { type Membership, standingOf } from "../member/membership.ts";
import { compareStamp } from "../op/stamp.ts";
import { chainOf, type Naming } from "./project.ts";

/**
 * `accepted`: on the way to what the item is now. `alternate`: another attempt won. `noted`: said or set beside the stage.
 * `quarantined`: its author wrote two histories.
 */
export type HistoryEffect = "accepted" | "alternate" | "noted" | "rejected" | "quarantined";

/**
 * Nothing is in the log without a signature that was checked, its frame's own or a later one's of the same chain: `verified`.
 * `fork`: that proves two histories at once. `no-say`: good, of a key that was no member's then.
 */
export type SignatureState = "verified" | "fork" | "no-say";

export type HistoryRow = {
  readonly op: string;
  /** The op it builds on. */
  readonly on: string | null;
  readonly kind: string;
  /** What it did, in words. */
  readonly words: string;
  readonly author: string;
  readonly authorName: string;
  /** Who asked for it in a room, or wrote it at another member's node; null otherwise. */
  readonly by: string | null;
  readonly incarnation: string;
  readonly seq: number;
  readonly lamport: number;
  readonly wall: number;
  readonly winning: boolean;
  readonly outcome: string;
  readonly effect: HistoryEffect;
  readonly signature: SignatureState;
  readonly stage?: string;
  readonly epoch?: number;
  readonly note?: string;
  /** Why it has no effect. */
  readonly reason?: string;
};

export function historyOf(item: LiveItem, view: View, naming: Naming): readonly HistoryRow[] {
  const said = [...view.chat.commands.values()].filter(({ settled }) => settled?.item === item.id);
  const winning = new Set(chainOf(item, item.best.id).map((entry) => entry.id));
  const told = saidBy(item);
  return [...item.entries.values()].toSorted(compareStamp).map((entry): HistoryRow => {
    const { id, on, kind, author, incarnation, seq, lamport, wall, outcome } = entry;
    const isWinning = winning.has(id);
    return {
      op: id,
      on,
      kind,
      // The registers name the item's birth as long as nobody has set them, and the last edit of a text.
      words: (kind === "item.create" || kind === "item.write" ? undefined : told.get(id)) ?? wordsOf(entry, naming),
      author,
      authorName: naming.nameOf(author),
      by: byWhom(entry, said, view),
      incarnation,
      seq,
      lamport,
      wall,
      winning: isWinning,
      outcome: outcome.type,
      effect: outcome.type === "accepted" && !isWinning ? "alternate" : outcome.type,
      signature: signatureOf(entry, view.membership),
      ...(outcome.type === "accepted"
        ? { stage: outcome.state.stage.stage, epoch: outcome.state.epoch, note: outcome.state.note }
        : {}),
      ...(hasNoEffect(outcome) ? { reason: outcome.reason } : {}),
    };
  });
}

function signatureOf(entry: HistoryEntry, membership: Membership): SignatureState {
  if (entry.outcome.type === "quarantined") return "fork";
  return standingOf(membership, entry) === undefined ? "no-say" : "verified";
}

/** Who asked for it or wrote it: their names, or the platform's id of somebody who is nobody any more; null otherwise. */
function byWhom({ author, lamport, edit }: HistoryEntry, said: readonly RoomCommand[], view: View): string | null {
  const nameOf = (principal: string): string => speakerName(principal, view.chat.people(), view.membership);
  if (edit?.by !== undefined && edit.by.length > 0) return edit.by.map(nameOf).join(", ");
  const command = said.find(({ settled }) => {
    const before = (settled?.stamp.lamport ?? 0) - lamport;
    return settled?.stamp.author === author && before > 0 && before <= settled.effects;
  });
  if (command === undefined) return null;
  return nameOf(command.received.principal);
}

/** What the ops beside the stages say, where the item still has it. */
function saidBy({ annotations, registers }: LiveItem): ReadonlyMap<string, string> {
  const told = new Map<string, string>();
  for (const [field, { id }] of Object.entries(registers)) {
    told.set(id, `set the ${FIELD_WORDS[field] ?? field}`);
  }
  for (const { id, text } of annotations.notes) told.set(id, `noted: ${text}`);
  for (const { id, epoch, text } of annotations.comments) told.set(id, `commented on epoch ${epoch}: ${text}`);
  for (const { id, text } of annotations.asks.values()) told.set(id, `asked: ${text}`);
  for (const [id, { answer }] of annotations.answers) told.set(id, `answered: ${answer.text}`);
  for (const { id, tip, note } of annotations.approvals) told.set(id, colon(`approved ${tip.slice(0, 12)}`, note));
  for (const { id, epoch, files } of annotations.artifacts) {
    told.set(id, `keeps ${count(files.length, "file")} of epoch ${epoch}`);
  }
  return told;
}

const FIELD_WORDS: Readonly<Record<string, string>> = { dependsOn: "dependencies", qa: "review", touches: "paths" };

const colon = (words: string, note: string): string => (note === "" ? words : `${words}: ${note}`);
const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** By kind and by the state it made, for that is all that the fold keeps of it. */
function wordsOf(entry: HistoryEntry, { nameOf }: Naming): string {
  if (entry.edit?.field !== undefined) return `wrote in the ${entry.edit.field}`;
  const state = stateOf(entry);
  const plain = KIND_WORDS[entry.kind] ?? entry.kind;
  if (state === undefined) return plain;
  const { stage, claim, epoch, note } = state;
  switch (entry.kind) {
    case "item.claim":
      return `${nameOf(claim?.holder ?? entry.author)} took it in ${stage.stage}, epoch ${epoch}`;
    case "item.submit":
      return submitted(state);
    case "item.land":
      return stage.stage === "Done" ? `landed as ${stage.mergeCommit.slice(0, 12)}` : plain;
    case "item.archive":
      return stage.stage === "Archived" ? colon(`archived as ${stage.reason}`, note) : plain;
    case "item.sendBack":
    case "item.release":
    case "item.shelve":
    case "item.restore":
      return colon(plain, note);
    default:
      return plain;
  }
}

const submitted = ({ stage }: ItemState): string =>
  stage.stage === "Qa" || stage.stage === "Merge"
    ? `submitted ${count(stage.commitsAhead, "commit")} on ${stage.featureBranch}`
    : "submitted a branch";

const KIND_WORDS: Readonly<Record<string, string>> = {
  "item.create": "added the item",
  "item.start": "started it",
  "item.shelve": "put it back into the Backlog",
  "item.claim": "took it",
  "item.release": "gave the claim back",
  "item.submit": "submitted a branch",
  "item.pass": "passed it on to Merge",
  "item.sendBack": "sent it back to Coding",
  "item.land": "landed it",
  "item.archive": "archived it",
  "item.restore": "restored it",
  "item.delete": "deleted it",
  "item.set": "set a field",
  "item.write": "wrote in the story",
  "item.note": "wrote a note",
  "item.comment": "commented",
  "item.ask": "asked something",
  "item.answer": "answered",
  "item.unask": "waits for no answer any more",
  "item.attest": "ran the gate and signed what came of it",
  "item.artifact": "keeps files of an attempt",
  "item.approve": "approved the branch",
  "item.spend": "said what an attempt has cost",
};
