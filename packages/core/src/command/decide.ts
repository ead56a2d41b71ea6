/**
 * command → ops: what a command wants written, judged against the view as it is now. Pure: time and random bytes come in
 * with the command. A refused command has no drafts and so no effect.
 */
import { fromHex, toHex } from "../kernel/bytes.ts";
import { assert, err, ok, type Result, unreachable } from "../kernel/result.ts";
import { MESH_ENTITY, type View } from "../fold/fold.ts";
import type { ItemState } from "../fold/item-state.ts";
import { refusal } from "../fold/transition.ts";
import type { Heads } from "../log/heads.ts";
import type { Draft } from "../log/replica.ts";
import { type KeyRotation, keysOf, keyStatus, type Member } from "../member/membership.ts";
import { type Role, roleAtLeast, ROLES } from "../member/role.ts";
import { type QueueMode, readBody, type RegisterBody, type StageBody, writeBody } from "../op/bodies.ts";
import { LIMITS } from "../op/limits.ts";
import { answer, cancelTimer, changeRole, chatDraft, note, pair } from "./decide-people.ts";
import type { CommandError } from "./error.ts";
import { findItem, type LiveItem, ttlMs } from "./find.ts";
import type { Command } from "./parse.ts";
import { type CommandInput, commandSpec } from "./registry.ts";

export interface DecideContext {
  readonly view: View;
  readonly heads: Heads;
  /** Member id (hex) and role of the node that decides. */
  readonly self: string;
  readonly role: Role;
  readonly wallMs: number;
  /** 8 bytes for a new item's or note's id: random, or the same on every node for a command from a room. */
  readonly idBytes: Uint8Array;
  /** Public key of a fresh ticket key pair. */
  readonly ticketKey: Uint8Array;
  /** SHA-256 of a fresh pairing code. */
  readonly pairingHash: Uint8Array;
  /** The principal that commands, when it comes from a room; empty otherwise. */
  readonly by: string;
  /** From the key that writes to the one that is to follow it, when a key is rotated. */
  readonly rotation?: KeyRotation;
}

export interface Decision {
  readonly drafts: readonly Draft[];
  /** The item it is about, when there is one. */
  readonly item: string | null;
}

type Decided = Result<Decision, CommandError>;

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
    case "item.note":
      return note(command.input, context);
    case "item.answer":
      return answer(command.input, context);
    case "people.pair":
      return pair(command.input, context);
    case "people.unpair":
      return ok(chatDraft({ kind: "person.unlink", principal: command.input.principal }));
    case "timer.cancel":
      return cancelTimer(command.input, context);
    case "people.role":
      return changeRole(command.input, context);
    case "people":
    case "artifacts":
    case "questions":
    case "item.list":
    case "item.show":
    case "item.history":
    case "why":
    case "claims":
    case "nodes":
    case "members":
    case "projects":
    case "queue":
    case "timers":
    case "notices":
    case "transports":
    case "digest":
    case "forks":
    case "effects":
    case "verify":
    case "checkpoint":
    case "compact":
    case "doctor":
    case "doctor.seen":
      return ok({ drafts: [], item: null });
    default:
      return unreachable(command);
  }
}

const fail = (code: CommandError["code"], message: string): { readonly ok: false; readonly error: CommandError } =>
  err({ code, message });

const meshDraft = (body: Draft["body"]): Decision => ({
  drafts: [{ entity: MESH_ENTITY, body, on: null }],
  item: null,
});

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
  const problem = [input.title, ...input.labels].map(badLine).find((found) => found !== undefined);
  if (problem !== undefined) return fail("bad-input", problem);
  const id = itemIdFrom(context.idBytes);
  const { title, text, type, priority, labels, start } = input;
  const create: Draft = {
    entity: id,
    on: null,
    body: { kind: "item.create", title, text, type, priority, labels, dependsOn: dependsOn.value },
  };
  const begin: Draft = { entity: id, on: { draft: 0 }, body: { kind: "item.start" } };
  return ok({ item: id, drafts: start ? [create, begin] : [create] });
}

function resolveAll(refs: readonly string[], view: View): Result<readonly string[], CommandError> {
  const ids: string[] = [];
  for (const ref of refs) {
    const item = findItem(view, ref);
    if (!item.ok) return item;
    ids.push(item.value.id);
  }
  return ok(ids);
}

/** Titles and labels are single lines: they are shown in lists, logs and commit subjects. */
const badLine = (text: string): string | undefined =>
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  /[\u0000-\u001f\u007f\u2028\u2029]/.test(text) || /[\ud800-\udfff]/u.test(text)
    ? "A title or label is one line without control characters. Put the rest into the text."
    : undefined;

function edit(input: CommandInput<"item.edit">, context: DecideContext): Decided {
  const found = findItem(context.view, input.item);
  if (!found.ok) return found;
  const dependsOn = resolveAll(input.dependsOn ?? [], context.view);
  if (!dependsOn.ok) return dependsOn;
  if (dependsOn.value.includes(found.value.id)) return fail("bad-input", "An item cannot depend on itself.");
  const problem = [input.title ?? "", ...(input.labels ?? [])].map(badLine).find((found) => found !== undefined);
  if (problem !== undefined) return fail("bad-input", problem);
  const writes: RegisterBody[] = [];
  if (input.title !== undefined) writes.push({ field: "title", value: input.title });
  if (input.text !== undefined) writes.push({ field: "text", value: input.text });
  if (input.priority !== undefined) writes.push({ field: "priority", value: input.priority });
  if (input.labels !== undefined) writes.push({ field: "labels", value: input.labels });
  if (input.dependsOn !== undefined) writes.push({ field: "dependsOn", value: dependsOn.value });
  if (writes.length === 0)
    return fail("bad-input", "Nothing to change: give a title, text, priority, labels or depends-on.");
  return ok({ item: found.value.id, drafts: writes.map((write) => registerDraft(found.value, write)) });
}

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
  const from = found.value.best.state.stage.stage;
  switch (input.stage.toLowerCase()) {
    case "backlog":
      return from === "Archived"
        ? stage(input.item, { kind: "item.restore", note: "" }, context)
        : stage(input.item, { kind: "item.shelve", note: "moved to Backlog" }, context);
    case "coding":
      return from === "Backlog"
        ? stage(input.item, { kind: "item.start" }, context)
        : reject({ item: input.item, note: "sent back by a person" }, context);
    case "archived":
      return stage(input.item, { kind: "item.archive", reason: "Abandoned", note: "" }, context);
    case "qa":
    case "merge":
    case "done":
      return fail(
        "not-legal",
        `Nobody moves an item to ${input.stage} by hand: work gets it there. Move it to coding.`,
      );
    default:
      return fail("bad-input", `There is no stage "${input.stage}". Move an item to backlog or coding, or archive it.`);
  }
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
  const rejection = refusal(state, { item: item.id, op: "", member, incarnation: "", role, wall, body });
  if (rejection !== undefined) {
    const code = rejection.type === "not-allowed" || rejection.type === "not-holder" ? "not-allowed" : "not-legal";
    return fail(code, `Item ${item.id} (${describe(state)}): ${rejection.message}.`);
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

/** By name, or by any key it ever had. */
export function findMember({ membership }: View, ref: string): Result<Member, CommandError> {
  const members = [...membership.members.values()];
  const keyed = (fits: (key: string) => boolean): readonly Member[] =>
    members.filter((member) => keysOf(membership, member.id).some(fits));
  const exact = [...members.filter((member) => member.name === ref), ...keyed((key) => key === ref)];
  const found = exact.length > 0 ? exact : keyed((key) => key.startsWith(ref));
  const [member] = found;
  if (member === undefined) return fail("not-found", `There is no member ${ref}. \`skein members\` lists them.`);
  if (found.length > 1) {
    const keys = found.map((one) => `${one.name} (${one.key.slice(0, 12)})`).join(", ");
    return fail("ambiguous", `${ref} may be ${keys}. Give more of the key.`);
  }
  return ok(member);
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
