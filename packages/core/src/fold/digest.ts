/**
 * The digest of a view: equal on two nodes when, and only when, they mean the same. It covers every item's winning op,
 * state, registers and tombstone and the whole membership, and no wall clock of this node.
 */
import type { ChatView } from "../chat/chat-view.ts";
import { compareText, toHex } from "../kernel/bytes.ts";
import { encode, type Value } from "../op/codec.ts";
import type { Crypto } from "../op/crypto.ts";
import { FOLD_VERSION, type View } from "./fold.ts";
import type { HistoryEntry, ItemHistory } from "./history.ts";
import type { Register, RegisterField } from "./register.ts";

export function digestOf(view: View, crypto: Crypto): string {
  // Hash of hashes: each part stays within the codec's limits however large the mesh grows.
  // Quarantined ops mean nothing, so two nodes may hold different ones.
  const parts = [...view.items.values()]
    .filter((item) => [...item.entries.values()].some(isFolded))
    .toSorted((a, b) => compareText(a.id, b.id))
    .map((item) => crypto.sha256(encode(itemValue(item))));
  const head = crypto.sha256(encode([FOLD_VERSION, membershipValue(view), chatValue(view.chat)]));
  return toHex(hashAll([head, ...parts], crypto));
}

const isFolded = ({ outcome }: HistoryEntry): boolean => outcome.type !== "quarantined";

function hashAll(hashes: readonly Uint8Array[], crypto: Crypto): Uint8Array {
  const joined = new Uint8Array(hashes.length * 32);
  for (const [index, hash] of hashes.entries()) joined.set(hash, index * 32);
  return crypto.sha256(joined);
}

function itemValue(item: ItemHistory): Value {
  const registers = item.registers === undefined ? null : Object.values(item.registers).map(registerValue);
  const best = item.best === undefined ? null : [item.best.id, plain(item.best.state)];
  const outcomes = [...item.entries.values()]
    .filter(isFolded)
    .toSorted((a, b) => compareText(a.id, b.id))
    .map((entry) => `${entry.id} ${entry.outcome.type}`);
  const said = [...item.annotations.questions.values()]
    .toSorted((a, b) => compareText(a.question, b.question))
    .map(({ question, answer, over }) => `${question} ${answer?.id ?? ""} ${over?.id ?? ""}`);
  const { attests, approvals, artifacts } = item.annotations;
  const attested = [...attests, ...approvals].map(({ id }) => id).toSorted(compareText);
  const spent = [...item.annotations.spends]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([key, { models, reserved }]) => `${key} ${reserved} ${text(models)}`);
  const kept = artifacts.map(({ id }) => id).toSorted(compareText);
  // An item that nothing is kept of has the digest it always had.
  const lists = [outcomes, said, attested, spent, ...(kept.length === 0 ? [] : [kept])].map(hashable);
  return [item.id, item.deleted, best, registers, ...lists];
}

const registerValue = (register: Register<RegisterField>): Value => [
  register.lamport,
  register.author,
  register.id,
  plain(register.value),
];

/** One text instead of a list: histories may be longer than the codec's element limit. */
const hashable = (lines: readonly string[]): string => lines.join("\n");

function membershipValue(view: View): Value {
  const { members, keys, invites, projects, queues, work, budgets, transfers, rejected } = view.membership;
  const sorted = <T>(map: ReadonlyMap<string, T>): Value =>
    hashable([...map].toSorted(([a], [b]) => compareText(a, b)).map(([key, value]) => `${key} ${text(value)}`));
  const maps = [members, keys, invites, projects, queues, work, budgets, transfers, rejected];
  return maps.map((map) => sorted<unknown>(map));
}

function chatValue(chat: ChatView): Value {
  const { persons, pairings } = chat.people();
  const { leases, commands, sent, timers, plans, fired, settings } = chat;
  const parts = [leases, commands, sent, timers, plans, fired, settings, persons, pairings];
  const spent = [...chat.spent].map(([key, times]) => [key, times.toSorted((a, b) => a - b)] as const);
  return [...parts, new Map(spent)].map((part) =>
    hashable([...part].toSorted(([a], [b]) => compareText(a, b)).map(([key, value]) => `${key} ${text(value)}`)),
  );
}

/** Canonical text of a plain value: canonical bytes in hex. */
const text = (value: unknown): string => toHex(encode(plain(value)));

function plain(value: unknown): Value {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, entry]) => [String(key), plain(entry)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, entry]) => (entry === undefined ? [] : [[key, plain(entry)]])),
    );
  }
  // The view is built of the value types of op bodies.
  return value as Value;
}
