/** Asking back before something is done, and what becomes of the question: a "yes", a "no", or neither. */
import {
  type Body,
  code,
  isLive,
  type LiveItem,
  parseCommand,
  plain,
  type Role,
  roleAtLeast,
  type RoomCommand,
  strong,
  type View,
  type Wanted,
} from "@skein/core";

import type { AccountSettings } from "./account.ts";
import { type Authority, ownRole } from "./authority.ts";
import { codeOf, FRESH_MS } from "./confirmation.ts";
import { type JudgeContext, type Judgement, movedOn, refuse, refuseStranger, settle } from "./judgement.ts";
import { readProposal, writeProposal } from "./proposal.ts";
import { nameOf, type Rules, rulesFor, verbsIn } from "./rules.ts";

export interface Asking {
  readonly wanted: Extract<Wanted, { type: "command" }>;
  readonly about: LiveItem | undefined;
  /** How old the command is, when that is why it asks. */
  readonly ageMs: number | undefined;
  /** What it needs here. */
  readonly rules: Rules;
}

/** Keeps what a "yes" would run, with the item as it was understood. */
export function ask(
  { wanted, about, ageMs, rules: { role, byOthers } }: Asking,
  command: RoomCommand,
  { view, account }: JudgeContext,
): Judgement {
  const { verb } = wanted;
  const name = nameOf(verb);
  if (byOthers && !isKnown(command.received.principal, view)) {
    return refuse(`${capital(name)} takes two people here, and I do not know you. Pair first.`);
  }
  const input = about === undefined ? wanted.input : { ...wanted.input, item: about.id };
  const story = byOthers && about !== undefined ? storyOf(about) : undefined;
  const proposal = writeProposal({ verb, input, role, byOthers, story });
  if (proposal === undefined)
    return refuse(`That is too long to ask about, and I do not ${name} it without. Say less.`);
  const age = ageMs === undefined ? [] : [plain(`That is ${Math.round(ageMs / 60_000)} minutes old. `)];
  const reply: Body = [
    ...age,
    plain(`${capital(name)} `),
    ...(about === undefined ? [] : [code(`#${about.id.slice(0, 6)}`), plain(" ")]),
    strong(about?.registers.title.value ?? short(wordsOf(wanted))),
    plain("? Say "),
    code(`${spoken(command, account)}yes ${codeOf(command.id)}`),
    plain(" within ten minutes."),
    ...(byOthers ? [plain(" Somebody else has to say so.")] : []),
  ];
  return settle("asked", reply, { item: about?.id ?? "", proposal, version: about?.best.id ?? "" });
}

/** What a line begins with that is meant for the mesh there: among people nothing else is heard. */
const spoken = ({ received }: RoomCommand, { prefixes: [prefix] }: AccountSettings): string =>
  received.direct || received.thread !== "" || prefix === undefined ? "" : `${prefix} `;

const wordsOf = ({ verb, input }: Asking["wanted"]): string =>
  verb.parameters
    .map(({ field }) => input[field])
    .filter((value) => typeof value === "string")
    .join(" ");

export function judgeYes(
  pending: RoomCommand,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  const { settled } = pending;
  if (settled === undefined || authority.role === undefined) return refuseStranger(command, authority);
  if (context.nowMs - settled.stamp.wall > FRESH_MS) return refuse("That question is too old. Say it again.");
  // Said before there was anything to say yes to, and come in with what it was meant for.
  if (context.nowMs - command.received.at > FRESH_MS)
    return refuse("That yes comes too late. Say it again if you mean it.");
  const proposal = readProposal(settled.proposal);
  if (proposal === undefined || proposal.verb.command === null)
    return refuse("I cannot do that any more. Say it again.");
  const checked = parseCommand(proposal.verb.command, proposal.input);
  if (!checked.ok) return refuse(`${checked.error.message}.`);
  const wanted = { type: "command", ...proposal, command: proposal.verb.command } as const;
  // As it was asked for, and as it stands in the settings of where it is confirmed, whichever is stricter.
  const rules = rulesFor(verbsIn(wanted), greater(proposal.role, checked.value.spec.role), context.account);
  const byOthers = proposal.byOthers || rules.byOthers;
  const asked = { name: nameOf(proposal.verb), byOthers, role: rules.role };
  const wrongPerson = refuseConfirmer(asked, pending, command, context);
  if (wrongPerson !== undefined) return wrongPerson;
  const refused = refuseBelow(rules, authority.role);
  if (refused !== undefined) return refused;
  const item = settled.item === "" ? undefined : context.view.items.get(settled.item);
  if (item !== undefined && isLive(item) && settled.version !== "" && item.best.id !== settled.version) {
    return refuse(movedOn(item), { item: item.id, answers: pending.id });
  }
  if (item !== undefined && isLive(item) && proposal.story !== undefined && proposal.story !== storyOf(item)) {
    return refuse(REWRITTEN, { item: item.id, answers: pending.id });
  }
  return { type: "write", command: checked.value.command, role: authority.role, seed: pending.id, answers: pending.id };
}

const REWRITTEN =
  "Its title, its story or what it is to meet was changed since that was asked. Look again, and ask for it anew.";

/** What a second person has read: no other title and no other story may take its place before their yes. */
const storyOf = ({ registers: { title, text, criteria } }: LiveItem): string =>
  `${title.id} ${text.id}${criteria.isBirth ? "" : ` ${criteria.id}`}`;

function refuseConfirmer(
  { name, byOthers, role }: { readonly name: string; readonly byOthers: boolean; readonly role: Role },
  pending: RoomCommand,
  command: RoomCommand,
  { view }: JudgeContext,
): Judgement | undefined {
  const [asker, confirmer] = [pending.received.principal, command.received.principal];
  const isSame = isSamePerson(asker, confirmer, view);
  if (!byOthers) {
    return isSame ? undefined : refuse("Only who asked for it can confirm it. Say it yourself.");
  }
  // Of somebody whom nobody has paired nobody can tell that it is another person.
  if (isSame || !isKnown(asker, view) || !isKnown(confirmer, view)) {
    return refuse(
      `${capital(name)} has to be confirmed by somebody else than who asked for it, and I have to know both.`,
    );
  }
  // Two who may: the one who asked may have lost that since.
  const person = view.chat.people().byPrincipal.get(asker);
  const own = person === undefined ? undefined : ownRole(person, view);
  if (own === undefined || !roleAtLeast(own, role)) {
    return refuse(`Whoever asked for that may not ${name} any more. Ask for it yourself.`);
  }
  return undefined;
}

/** Whoever asked for it may take it back, and whoever could have done it. */
export function judgeNo(
  pending: RoomCommand,
  command: RoomCommand,
  authority: Authority,
  context: JudgeContext,
): Judgement {
  if (authority.role === undefined) return refuseStranger(command, authority);
  const isSame = isSamePerson(pending.received.principal, command.received.principal, context.view);
  const needed = readProposal(pending.settled?.proposal ?? "")?.role ?? "operator";
  if (!isSame && !roleAtLeast(authority.role, needed)) {
    return refuse(`Taking that back needs the role ${needed}; yours is ${authority.role} here.`);
  }
  return settle("done", [plain("Good. I did nothing.")], { answers: pending.id, item: pending.settled?.item ?? "" });
}

export function refuseBelow({ role: needed, verb }: Pick<Rules, "role" | "verb">, role: Role): Judgement | undefined {
  return roleAtLeast(role, needed) ? undefined : refuse(`${verb} needs the role ${needed}; yours is ${role} here.`);
}

const greater = (a: Role, b: Role): Role => (roleAtLeast(a, b) ? a : b);

function isSamePerson(a: string, b: string, { chat }: View): boolean {
  const { byPrincipal } = chat.people();
  return a === b || (byPrincipal.get(a) !== undefined && byPrincipal.get(a)?.name === byPrincipal.get(b)?.name);
}

const isKnown = (principal: string, { chat }: View): boolean => chat.people().byPrincipal.has(principal);

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
