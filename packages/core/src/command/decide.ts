/**
 * command → ops: what a command wants written, judged against the view as it is now. Pure: time and random bytes come in
 * with the command. A refused command has no drafts and so no effect.
 */
import { fromHex, toHex } from "../kernel/bytes.ts";
import { assert, ok, type Result } from "../kernel/result.ts";
import type { View } from "../fold/fold.ts";
import { hasLanded, type ItemState } from "../fold/item-state.ts";
import { STAGES } from "../fold/stage.ts";
import { refusal, type StageEvent } from "../fold/transition.ts";
import type { Heads } from "../log/heads.ts";
import type { Draft } from "../log/replica.ts";
import { keysOf, keyStatus } from "../member/membership.ts";
import { roleAtLeast, ROLES } from "../member/role.ts";
import { type QaMode, type QueueMode, readBody, type RegisterBody, type StageBody, writeBody } from "../op/bodies.ts";
import { LIMITS } from "../op/limits.ts";
import { setBudget } from "./decide-budget.ts";
import { answer, approve, changeRole, chatDraft, comment, note, pair } from "./decide-people.ts";
import { addTimer, cancelTimer } from "./decide-timers.ts";
import { drainNode, freezeMesh } from "./decide-work.ts";
import { badLine, type DecideContext, type Decided, fail, meshDraft } from "./deciding.ts";
import type { CommandError } from "./error.ts";
import { findItem, type LiveItem, ttlMs } from "./find.ts";
import { findMember } from "./find-member.ts";
import { insteadOf } from "./instead.ts";
import { planMove } from "./move.ts";
import type { Command } from "./parse.ts";
import { wouldWaitForItself } from "./parts.ts";
import { type CommandInput, commandSpec } from "./registry.ts";

export function decide(command: Command, context: DecideContext): Decided {
  const spec = commandSpec(command.name);
  if (spec !== undefined && !roleAtLeast(context.role, spec.role)) {
    return fail("not-allowed", `${spec.words.join(" ")} needs the role ${spec.role}; this node is ${context.role}.`);
  }
  const decided = decideAllowed(command, context);
  if (!decided.ok || decided.value.drafts.every(isReadable)) return decided;
  // The fold would keep such an op and give it no effect, after this node had said that it was done.
  return fail("bad-input", `${command.name}: a field has control characters in it or is too long. Take them out.`);
}

const isReadable = ({ body }: Draft): boolean => readBody({ kind: body.kind, body: writeBody(body) }) !== undefined;

/** Nothing is decided about these: the view or the node answers them. */
type Answered = Extract<
  Command,
  {
    readonly name:
      | "people"
      | "artifacts"
      | "questions"
      | "item.list"
      | "item.show"
      | "item.history"
      | "item.diff"
      | "why"
      | "stuck"
      | "claims"
      | "nodes"
      | "mesh"
      | "flow"
      | "timeline"
      | "members"
      | "project.look"
      | "project.begin"
      | "project.practice"
      | "projects"
      | "queue"
      | "queue.blame"
      | "costs"
      | "budget"
      | "timers"
      | "notices"
      | "transports"
      | "digest"
      | "forks"
      | "effects"
      | "verify"
      | "checkpoint"
      | "compact"
      | "doctor"
      | "doctor.seen";
  }
>;

const answered = (_command: Answered): Decided => ok({ drafts: [], item: null });

function decideAllowed(command: Command, context: DecideContext): Decided {
  switch (command.name) {
    case "item.add":
      return add(command.input, context);
    case "item.edit":
      return edit(command.input, context);
    case "item.start":
      return stage(command.input.item, { kind: "item.start" }, context);
    case "item.move":
      return move(command.input, context);
    case "item.approve":
      return approve(command.input, context);
    case "item.reject":
      return reject(command.input, context);
    case "item.hold":
      return hold(command.input, context);
    case "item.archive":
      return stage(command.input.item, { kind: "item.archive", ...pick(command.input) }, context);
    case "item.restore":
      return stage(command.input.item, { kind: "item.restore", note: command.input.note }, context);
    case "item.delete":
      return remove(command.input, context);
    case "member.invite":
      return invite(command.input, context);
    case "member.remove":
      return removeMember(command.input, context);
    case "member.rotate":
      return rotate(context);
    case "project.set":
      return ok(meshDraft({ kind: "project.set", ...command.input }));
    case "queue.pause":
      return setQueue(command.input.drain ? "draining" : "paused", command.input.reason, context);
    case "queue.resume":
      return setQueue("open", "", context);
    case "node.drain":
    case "node.undrain":
      return drainNode(command, context);
    case "mesh.freeze":
    case "mesh.unfreeze":
      return freezeMesh(command, context);
    case "budget.set":
      return setBudget(command.input, context);
    case "item.note":
      return note(command.input, context);
    case "item.comment":
      return comment(command.input, context);
    case "item.answer":
      return answer(command.input, context);
    case "people.pair":
      return pair(command.input, context);
    case "people.unpair":
      return ok(chatDraft({ kind: "person.unlink", principal: command.input.principal }));
    case "timer.add":
      return addTimer(command.input, context);
    case "timer.cancel":
      return cancelTimer(command.input, context);
    case "people.role":
      return changeRole(command.input, context);
    default:
      return answered(command);
  }
}

const pick = ({
  reason,
  note,
}: CommandInput<"item.archive">): Pick<CommandInput<"item.archive">, "reason" | "note"> => ({
  reason,
  note,
});

// ── items ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** 60 random bits as 12 digits of Crockford's base 32. */
export function itemIdFrom(bytes: Uint8Array): string {
  assert(bytes.length >= 8, "an item id takes 8 random bytes");
  let id = "";
  for (let digit = 0; digit < 12; digit++) {
    // Five bits from the end, which lie in one byte or in two that follow each other.
    const bit = digit * 5;
    const last = 7 - (bit >> 3);
    const pair = ((bytes[last - 1] ?? 0) << 8) | (bytes[last] ?? 0);
    id += ID_ALPHABET.charAt((pair >> (bit & 7)) & 31);
  }
  return id;
}

function add(input: CommandInput<"item.add">, context: DecideContext): Decided {
  const dependsOn = resolveAll(input.dependsOn, context.view);
  if (!dependsOn.ok) return dependsOn;
  const problem = [input.title, ...input.labels, ...(input.touches ?? [])]
    .map(badLine)
    .find((found) => found !== undefined);
  if (problem !== undefined) return fail("bad-input", problem);
  const parent = parentOf(input.parent ?? NONE, undefined, context.view);
  if (!parent.ok) return parent;
  const id = itemIdFrom(context.idBytes);
  const { title, text, type, priority, labels, start } = input;
  const create: Draft = {
    entity: id,
    on: null,
    body: { kind: "item.create", title, text, type, priority, labels, dependsOn: dependsOn.value },
  };
  const begin: Draft = { entity: id, on: { draft: 0 }, body: { kind: "item.start" } };
  const isPart: readonly Draft[] = parent.value === "" ? [] : [partDraft(id, parent.value)];
  const isChecked = input.qa === undefined || input.qa === "project" ? [] : [qaDraft(id, { draft: 0 }, input.qa)];
  const touching: Draft = {
    entity: id,
    on: { draft: 0 },
    body: { kind: "item.set", field: "touches", value: noneOr(input.touches ?? []) },
  };
  const isSaid = input.touches === undefined ? [] : [touching];
  const isTold = (input.criteria ?? "") === "" ? [] : [criteriaDraft(id, input.criteria ?? "")];
  // Whoever takes it at once has its criteria.
  return ok({ item: id, drafts: [create, ...isTold, ...isChecked, ...(start ? [begin] : []), ...isPart, ...isSaid] });
}

const criteriaDraft = (id: string, value: string): Draft => ({
  entity: id,
  on: { draft: 0 },
  body: { kind: "item.set", field: "criteria", value },
});

const partDraft = (id: string, value: string): Draft => ({
  entity: id,
  on: { draft: 0 },
  body: { kind: "item.set", field: "parent", value },
});

/** As the command line says it; no id begins like this. */
const NONE = "none";

/** The id of the parent, empty for none; refused when the item would wait for itself. `item` is undefined for a new one. */
function parentOf(ref: string, item: string | undefined, view: View): Result<string, CommandError> {
  if (ref === NONE) return ok("");
  const found = findItem(view, ref);
  if (!found.ok) return found;
  const { id } = found.value;
  if (item === id) return fail("bad-input", "An item cannot be a part of itself.");
  if (item !== undefined && wouldWaitForItself(id, item, view.items)) {
    return fail("bad-input", `Item ${item} waits for ${id}, so it cannot be a part of it: both would wait for ever.`);
  }
  return ok(id);
}

/** Alone it takes all entries of a list away, which a command line could not say otherwise. */
const isNone = (given: readonly string[]): boolean => given.length === 1 && given[0] === NONE;

const noneOr = (given: readonly string[]): readonly string[] => (isNone(given) ? [] : given);

function resolveAll(refs: readonly string[], view: View): Result<readonly string[], CommandError> {
  if (isNone(refs)) return ok([]);
  const ids: string[] = [];
  for (const ref of refs) {
    const item = findItem(view, ref);
    if (!item.ok) return item;
    ids.push(item.value.id);
  }
  return ok(ids);
}

function edit(input: CommandInput<"item.edit">, context: DecideContext): Decided {
  const found = findItem(context.view, input.item);
  if (!found.ok) return found;
  const dependsOn = resolveAll(input.dependsOn ?? [], context.view);
  if (!dependsOn.ok) return dependsOn;
  const { id } = found.value;
  if (dependsOn.value.includes(id)) return fail("bad-input", "An item cannot depend on itself.");
  const circle = dependsOn.value.find((other) => wouldWaitForItself(id, other, context.view.items));
  if (circle !== undefined)
    return fail("bad-input", `Item ${circle} waits for ${id} already; both would wait for ever.`);
  const parent = parentOf(input.parent ?? NONE, id, context.view);
  if (!parent.ok) return parent;
  const problem = [input.title ?? "", ...(input.labels ?? []), ...(input.touches ?? [])]
    .map(badLine)
    .find((found) => found !== undefined);
  if (problem !== undefined) return fail("bad-input", problem);
  const writes: RegisterBody[] = [];
  if (input.title !== undefined) writes.push({ field: "title", value: input.title });
  if (input.text !== undefined) writes.push({ field: "text", value: input.text });
  if (input.criteria !== undefined) writes.push({ field: "criteria", value: input.criteria });
  if (input.priority !== undefined) writes.push({ field: "priority", value: input.priority });
  if (input.labels !== undefined) writes.push({ field: "labels", value: noneOr(input.labels) });
  if (input.dependsOn !== undefined) writes.push({ field: "dependsOn", value: dependsOn.value });
  if (input.qa !== undefined) writes.push({ field: "qa", value: input.qa === "project" ? "" : input.qa });
  if (input.parent !== undefined) writes.push({ field: "parent", value: parent.value });
  if (input.touches !== undefined) writes.push({ field: "touches", value: noneOr(input.touches) });
  if (writes.length === 0)
    return fail(
      "bad-input",
      "Nothing to change: give a title, text, criteria, priority, labels, depends-on, parent, qa or touches.",
    );
  return ok({ item: found.value.id, drafts: writes.map((write) => registerDraft(found.value, write)) });
}

const qaDraft = (entity: string, on: Draft["on"], value: QaMode): Draft => ({
  entity,
  on,
  body: { kind: "item.set", field: "qa", value },
});

/** A write builds on the last writer's op, so its stamp is later than what the person saw. */
const registerDraft = (item: LiveItem, write: RegisterBody): Draft => ({
  entity: item.id,
  body: { kind: "item.set", ...write },
  on: item.registers[write.field].id,
});

function hold(input: CommandInput<"item.hold">, context: DecideContext): Decided {
  const found = findItem(context.view, input.item);
  if (!found.ok) return found;
  const value = input.release ? "" : input.reason || "on hold";
  const problem = badLine(value);
  if (problem !== undefined) return fail("bad-input", problem);
  return ok({ item: found.value.id, drafts: [registerDraft(found.value, { field: "hold", value })] });
}

function move(input: CommandInput<"item.move">, context: DecideContext): Decided {
  const found = findItem(context.view, input.item);
  if (!found.ok) return found;
  const item = found.value;
  const to = STAGES.find((one) => one.toLowerCase() === input.stage.toLowerCase());
  if (to === undefined) {
    return fail("bad-input", `There is no stage "${input.stage}". Move an item to backlog or coding, or archive it.`);
  }
  const { state } = item.best;
  const planned = planMove({ stage: state.stage.stage, landed: hasLanded(state) }, to);
  if (planned.possible) return stageOn(item, planned.event, context);
  return fail("not-legal", `Item ${item.id} (${describe(state)}): ${planned.why}`);
}

const reject = (input: { readonly item: string; readonly note: string }, context: DecideContext): Decided =>
  stage(
    input.item,
    { kind: "item.sendBack", reason: "person", note: input.note, progress: true, evidence: [] },
    context,
  );

/** A stage event on the item's head, refused here when the fold would refuse it. */
function stage(ref: string, body: StageBody, context: DecideContext): Decided {
  const found = findItem(context.view, ref);
  if (!found.ok) return found;
  return stageOn(found.value, body, context);
}

export function stageOn(
  item: LiveItem,
  body: StageBody,
  context: Pick<DecideContext, "self" | "role" | "wallMs">,
): Decided {
  const { state, id: on } = item.best;
  const { self: member, role, wallMs: wall } = context;
  const event: StageEvent = { item: item.id, op: "", member, incarnation: "", role, wall, body };
  const rejection = refusal(state, event);
  if (rejection !== undefined) {
    const code = rejection.type === "not-allowed" || rejection.type === "not-holder" ? "not-allowed" : "not-legal";
    const next = rejection.type === "illegal-event" ? insteadOf(state, event) : "";
    return fail(code, `Item ${item.id} (${describe(state)}): ${rejection.message}${next}.`);
  }
  return ok({ item: item.id, drafts: [{ entity: item.id, body, on }] });
}

const describe = (state: ItemState): string =>
  state.stage.stage === "Archived" ? `Archived as ${state.stage.reason}` : `in ${state.stage.stage}`;

function remove(input: CommandInput<"item.delete">, context: DecideContext): Decided {
  const found = findItem(context.view, input.item);
  if (!found.ok) return found;
  const draft: Draft = {
    entity: found.value.id,
    body: { kind: "item.delete", note: input.note },
    on: found.value.best.id,
  };
  return ok({ item: found.value.id, drafts: [draft] });
}

function setQueue(mode: QueueMode, note: string, { view: { membership } }: DecideContext): Decided {
  const name = [...membership.projects.keys()].at(-1);
  if (name === undefined) return fail("not-legal", "The mesh has no project yet, so there is no queue.");
  const now = membership.queues.get(name)?.mode ?? "open";
  if (mode === "open" && now === "open") return fail("not-legal", `The merge queue of ${name} is open already.`);
  const problem = badLine(note);
  return problem === undefined ? ok(meshDraft({ kind: "queue.set", name, mode, note })) : fail("bad-input", problem);
}

// ── members ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function invite(input: CommandInput<"member.invite">, context: DecideContext): Decided {
  if (ROLES.indexOf(input.role) > ROLES.indexOf(context.role)) {
    return fail("not-allowed", `This node is ${context.role} and cannot invite a member as ${input.role}.`);
  }
  const ttl = ttlMs(input.ttl);
  if (ttl > LIMITS.inviteMs) {
    return fail(
      "bad-input",
      `A ticket is good for at most ${LIMITS.inviteMs / ttlMs("1d")} days, and ${input.ttl} is longer.`,
    );
  }
  const expires = context.wallMs + ttl;
  return ok(meshDraft({ kind: "member.invite", ticket: context.ticketKey, role: input.role, expires }));
}

/** Cuts the member's feeds where this node has them now, under all its keys. */
function removeMember(input: CommandInput<"member.remove">, context: DecideContext): Decided {
  const found = findMember(context.view, input.member);
  if (!found.ok) return found;
  const member = found.value;
  if (member.cut !== null) return fail("not-legal", `${member.name} is removed already.`);
  if (member.id === context.self)
    return fail("not-allowed", "A node does not remove itself. Remove it from another one.");
  const outranks = ROLES.indexOf(context.role) > ROLES.indexOf(member.role) || context.role === "owner";
  if (!outranks)
    return fail("not-allowed", `This node is ${context.role} and cannot remove ${member.role} ${member.name}.`);
  const { membership } = context.view;
  const [founder] = membership.members.keys();
  if (member.id === founder) return fail("not-allowed", "The founder cannot be removed.");
  const key = fromHex(member.key);
  assert(key !== undefined, "a member's key is hex");
  const cut = cutOf(new Set(keysOf(membership, member.id)), context.heads);
  return ok(meshDraft({ kind: "member.remove", key, cut, note: input.note }));
}

/** The last seqs of these keys' feeds as this node has them. */
function cutOf(keys: ReadonlySet<string>, heads: Heads): ReadonlyMap<string, number> {
  const cut = new Map<string, number>();
  for (const { author, incarnation, seq } of heads.values()) {
    // Honest keys never share an incarnation; of those that do, the shorter feed sets the cut.
    if (keys.has(author)) cut.set(incarnation, Math.min(seq, cut.get(incarnation) ?? seq));
  }
  return cut;
}

/** The old key's feed ends with this op; its other feeds end where this node has them. */
function rotate({ view, heads, rotation }: DecideContext): Decided {
  if (rotation === undefined) return fail("unavailable", "There is no new key to rotate to.");
  const from = toHex(rotation.from);
  if (keyStatus(view.membership, from) !== "current") {
    return fail("not-legal", "This node's key is not a member's any more, so it cannot be followed by another.");
  }
  if (view.membership.keys.has(toHex(rotation.to))) {
    return fail("not-legal", "The new key is or was a member's already. Rotate to a fresh one.");
  }
  const { to: key, consent, proof } = rotation;
  return ok(meshDraft({ kind: "member.rotate", key, cut: cutOf(new Set([from]), heads), consent, proof }));
}
