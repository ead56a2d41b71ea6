/** Commands about people and what they say: pairing, roles, notes, answers. */
import { CHAT_ENTITY } from "../chat/chat-fold.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { roleAtLeast } from "../member/role.ts";
import type { ChatBody } from "../op/chat-bodies.ts";
import type { CommandError } from "./error.ts";
import type { DecideContext, Decision } from "./decide.ts";
import { findItem, ttlMs } from "./find.ts";
import type { CommandInput } from "./registry.ts";

type Decided = Result<Decision, CommandError>;

export const chatDraft = (body: ChatBody): Decision => ({
  drafts: [{ entity: CHAT_ENTITY, body, on: null }],
  item: null,
});

export function pair({ person, role, ttl }: CommandInput<"people.pair">, context: DecideContext): Decided {
  if (!roleAtLeast(context.role, role)) {
    return err({
      code: "not-allowed",
      message: `A person cannot be made ${role} by ${context.role}. Say --role ${context.role} or less.`,
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

export function note({ item, text }: CommandInput<"item.note">, { view, by }: DecideContext): Decided {
  const found = findItem(view, item);
  if (!found.ok) return found;
  const { id, best } = found.value;
  return ok({ item: id, drafts: [{ entity: id, on: best.id, body: { kind: "item.note", text, by } }] });
}

/** The first valid answer counts, on any network and at any terminal. */
export function answer(input: CommandInput<"item.answer">, { view, by }: DecideContext): Decided {
  const found = findItem(view, input.item);
  if (!found.ok) return found;
  const { id, best, annotations } = found.value;
  const open = [...annotations.questions.values()]
    .filter((one) => one.answer === undefined)
    .toSorted((a, b) => a.lamport - b.lamport);
  const asked = input.question === undefined ? open[0] : annotations.questions.get(input.question);
  if (asked === undefined) {
    return err({
      code: "not-found",
      message: `Nothing is asked about ${id}${input.question === undefined ? " now" : " by that name"}.`,
    });
  }
  if (asked.answer !== undefined) {
    const who = asked.answer.by === "" ? "somebody" : asked.answer.by;
    return err({ code: "not-legal", message: `That was answered already, by ${who}: ${asked.answer.text}` });
  }
  const text = asked.options.find((option) => option.toLowerCase() === input.text.trim().toLowerCase()) ?? input.text;
  if (asked.options.length > 0 && !asked.options.includes(text)) {
    return err({ code: "bad-input", message: `The answer is one of: ${asked.options.join(", ")}.` });
  }
  const body = { kind: "item.answer", question: asked.question, text, by } as const;
  return ok({ item: id, drafts: [{ entity: id, on: best.id, body }] });
}

export function cancelTimer({ timer }: CommandInput<"timer.cancel">, { view }: DecideContext): Decided {
  const found = [...view.chat.timers.values()].filter(({ id, cancelled }) => id.startsWith(timer) && !cancelled);
  const [one] = found;
  if (one === undefined || found.length > 1) {
    const message = one === undefined ? `There is no reminder ${timer}.` : `${timer} may be more than one reminder.`;
    return err({ code: one === undefined ? "not-found" : "ambiguous", message });
  }
  return ok(chatDraft({ kind: "timer.cancel", timer: one.id }));
}
