/** Commands about people and what they say: pairing, roles, notes, comments, answers, approvals. */
import { CHAT_ENTITY } from "../chat/chat-fold.ts";
import { memberBehind } from "../chat/speaker.ts";
import { fits, isOpen, openQuestions, type Question } from "../fold/annotations.ts";
import { compareText, toHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { roleAtLeast } from "../member/role.ts";
import { LIMITS } from "../op/limits.ts";
import { attemptMade } from "./attempt-made.ts";
import { codersOf } from "./coders.ts";
import { isApproved, listOf } from "./review.ts";
import type { ChatBody } from "../op/chat-bodies.ts";
import type { CommandError } from "./error.ts";
import type { DecideContext, Decision } from "./deciding.ts";
import { findItem, type LiveItem, ttlMs } from "./find.ts";
import type { CommandInput } from "./registry.ts";

type Decided = Result<Decision, CommandError>;

export const chatDraft = (body: ChatBody): Decision => ({
  drafts: [{ entity: CHAT_ENTITY, body, on: null }],
  item: null,
});

export function pair({ person, role: wanted, ttl }: CommandInput<"people.pair">, context: DecideContext): Decided {
  const known = context.view.chat.people().persons.get(person);
  // A second account of somebody changes nothing of what they may do.
  const role = wanted ?? (known === undefined || known.role === "none" ? "operator" : known.role);
  if (!roleAtLeast(context.role, role)) {
    return err({
      code: "not-allowed",
      message: `A person cannot be made ${role} by ${context.role}. Say --role ${context.role} or less.`,
    });
  }
  if (known !== undefined && known.role !== "none" && !roleAtLeast(context.role, known.role)) {
    return err({
      code: "not-allowed",
      message: `${person} is ${known.role} already, and this node is ${context.role}. Take another name, or pair on a node that is ${known.role}.`,
    });
  }
  const member = [...context.view.membership.members.values()].find(({ name, cut }) => name === person && cut === null);
  const expires = context.wallMs + ttlMs(ttl);
  const code = context.pairingHash;
  return ok(chatDraft({ kind: "person.invite", person, role, member: member?.id ?? "", code, expires }));
}

export function changeRole({ person, role }: CommandInput<"people.role">, context: DecideContext): Decided {
  const known = context.view.chat.people().persons.get(person);
  if (known === undefined) {
    return err({ code: "not-found", message: `There is no person ${person}. \`skein people\` lists them.` });
  }
  const most = [role, known.role].find((one) => one !== "none" && !roleAtLeast(context.role, one));
  if (most !== undefined) {
    return err({ code: "not-allowed", message: `Only somebody who is ${most} may make or unmake one.` });
  }
  return ok(chatDraft({ kind: "person.role", person, role }));
}

/** Of the branch as it is now: another attempt is another branch. */
export function approve({ item, note: said, tip = "" }: CommandInput<"item.approve">, context: DecideContext): Decided {
  const { view, by, self, qa = { fourEyes: false } } = context;
  const found = findItem(view, item);
  if (!found.ok) return found;
  const { id, best } = found.value;
  const { stage } = best.state;
  if (stage.stage !== "Qa" && stage.stage !== "Merge") {
    const message = `Item ${id} is in ${stage.stage} and has no branch to approve: that is for Qa and Merge.`;
    return err({ code: "not-legal", message });
  }
  if (!stage.tip.startsWith(tip)) {
    const message = `Item ${id} is at ${stage.tip.slice(0, 12)} by now, not at ${tip.slice(0, 12)}. Look at it again.`;
    return err({ code: "not-legal", message });
  }
  const coders = codersOf(found.value);
  const speaksFor = by === "" ? self : (memberBehind(by, view.chat.people()) ?? "");
  if (qa.fourEyes && (coders.has(self) || coders.has(speaksFor))) {
    const nameOf = (member: string): string => view.membership.members.get(member)?.name ?? member.slice(0, 8);
    const nodes = listOf([...coders].toSorted(compareText).map(nameOf));
    const message = `Item ${id} was coded by ${nodes}, and skein.yaml asks for four eyes (qa.fourEyes): somebody else approves it, on another node.`;
    return err({ code: "not-allowed", message });
  }
  if (isApproved(found.value, qa)) return err({ code: "not-legal", message: `Item ${id} is approved already.` });
  const body = { kind: "item.approve", tip: stage.tip, tree: stage.tree, note: said, by } as const;
  return ok({ item: id, drafts: [{ entity: id, on: best.id, body }] });
}

export function note({ item, text }: CommandInput<"item.note">, { view, by, idBytes }: DecideContext): Decided {
  const found = findItem(view, item);
  if (!found.ok) return found;
  const { id, best } = found.value;
  const body = { kind: "item.note", note: toHex(idBytes), text, by } as const;
  return ok({ item: id, drafts: [{ entity: id, on: best.id, body }] });
}

/** Of an attempt that there was, so that whoever has the item next is told what it was about. */
export function comment(input: CommandInput<"item.comment">, { view, by, idBytes }: DecideContext): Decided {
  const found = findItem(view, input.item);
  if (!found.ok) return found;
  const { id, best, annotations } = found.value;
  const made = attemptMade(found.value, input.epoch);
  const epoch = input.epoch ?? made?.epoch ?? best.state.epoch;
  if (epoch < 1 || epoch > best.state.epoch) {
    const message = `Item ${id} has had no attempt${input.epoch === undefined ? "" : ` of epoch ${epoch}`} to comment on. \`skein item note\` says something of the item itself.`;
    return err({ code: "not-legal", message });
  }
  if (input.line !== undefined && input.path === "") {
    return err({ code: "bad-input", message: "A line is one of a file: say which with --path." });
  }
  if (annotations.comments.length >= LIMITS.comments) {
    const message = `Item ${id} has ${annotations.comments.length} comments, and no more are taken. Say the rest in its text.`;
    return err({ code: "not-legal", message });
  }
  const { text, path, line = 0, commit = made?.feature.tip ?? "" } = input;
  const body = { kind: "item.comment", comment: toHex(idBytes), text, by, epoch, commit, path, line } as const;
  return ok({ item: id, drafts: [{ entity: id, on: best.id, body }] });
}

/** The first valid answer counts, on any network and at any terminal; the op builds on the question that it answers. */
export function answer(input: CommandInput<"item.answer">, { view, by }: DecideContext): Decided {
  const found = findItem(view, input.item);
  if (!found.ok) return found;
  const asked = askedFor(found.value, input.question);
  if (!asked.ok) return asked;
  const { id: on, question, options } = asked.value;
  const wanted = input.text.trim().toLowerCase();
  const text = options.find((option) => option.toLowerCase() === wanted) ?? input.text;
  if (!fits(asked.value, text)) {
    return err({ code: "bad-input", message: `The answer is one of: ${options.join(", ")}.` });
  }
  const { id } = found.value;
  return ok({ item: id, drafts: [{ entity: id, on, body: { kind: "item.answer", question, text, by } }] });
}

function askedFor(item: LiveItem, question: string | undefined): Result<Question, CommandError> {
  const [oldest] = openQuestions(item);
  const asked = question === undefined ? oldest : item.annotations.questions.get(question);
  if (asked === undefined) {
    const which = question === undefined ? "now" : "by that name";
    return err({ code: "not-found", message: `Nothing is asked about ${item.id} ${which}.` });
  }
  return isOpen(asked, item.best.state) ? ok(asked) : err({ code: "not-legal", message: whyClosed(asked) });
}

function whyClosed({ answer: given, over }: Question): string {
  if (given !== undefined) {
    return `That was answered already, by ${given.by === "" ? "somebody" : given.by}: ${given.text}`;
  }
  const note = over === undefined || over.note === "" ? "" : ` ${over.note}`;
  return `That is not asked any more: the attempt that asked it does not wait for an answer.${note}`;
}
