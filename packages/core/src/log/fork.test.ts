/** Members that write several histories: everybody ends with the same view and the proof, whatever reached whom first. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { digestOf } from "../fold/digest.ts";
import { toHex } from "../kernel/bytes.ts";
import { joinProofBytes } from "../member/join-proof.ts";
import { memberOf } from "../member/membership.ts";
import { proveRotation } from "../member/rotation-proof.ts";
import { feedId } from "../op/frame.ts";
import { createPrng, type Prng, testCrypto, testSigner } from "../testing/index.ts";
import { createFrameIndex, type FrameIndex } from "./frame-index.ts";
import { foundMesh } from "./genesis.ts";
import type { FramePlace } from "./heads.ts";
import { isOutOfOrder } from "./refusal.ts";
import { type Authorship, createReplica, type Draft, type Replica } from "./replica.ts";

const who = (name: string, life: number = 1): Authorship => ({
  signer: testSigner(name),
  incarnation: new Uint8Array(8).fill(life),
});
const owner = who("owner");
const liar = who("liar");
const LIAR_FEED = feedId(liar.signer.publicKey, liar.incarnation);
const { mesh, frame: genesis } = foundMesh({ ...owner, meshName: "m", nodeName: "owner", wallMs: 1 }, testCrypto);

/** A replica with the store of its frames: enough of a node to exchange them. */
interface Copy {
  readonly replica: Replica;
  index: FrameIndex;
  readonly stored: Uint8Array[];
}

const newCopy = (): Copy => ({ replica: createReplica(mesh, testCrypto), index: createFrameIndex(), stored: [] });

/** What a node does with a frame; false when it has to wait. Any other refusal is a bug. */
function take(copy: Copy, bytes: Uint8Array, disputed: Map<string, FramePlace[]> = new Map()): boolean {
  const taken = copy.replica.take(bytes);
  if (!taken.ok) {
    if (!isOutOfOrder(taken.error)) throw new Error(taken.error.message);
    if (taken.error.type === "disputed")
      disputed.set(taken.error.feed ?? "", disputed.get(taken.error.feed ?? "") ?? []);
    return false;
  }
  const { type, feed, branch, place } = taken.value;
  if (type === "duplicate") {
    disputed.get(feed)?.push(place);
    return true;
  }
  copy.index.add(branch, place.seq);
  copy.stored.push(bytes);
  if (taken.value.changes.some((change) => change.type === "stale")) reload(copy);
  return true;
}

function reload(copy: Copy): void {
  const index = createFrameIndex();
  const loaded = copy.replica.reload(copy.stored, (branch, lastSeq) => index.add(branch, lastSeq));
  expect(loaded.ok).toBe(true);
  copy.index = index;
}

function author(copy: Copy, authorship: Authorship, drafts: readonly Draft[]): void {
  const { changes } = copy.replica.write(drafts, authorship, 1);
  for (const frame of copy.replica.seal(authorship)) {
    copy.index.add(feedOf(authorship), lastSeqOf(frame));
    copy.stored.push(frame.bytes);
  }
  // A rotation takes back what its own author wrote before.
  if (changes.some((change) => change.type === "stale")) reload(copy);
}

const feedOf = ({ signer, incarnation }: Authorship): string => feedId(signer.publicKey, incarnation);
const lastSeqOf = (frame: { readonly header: { readonly firstSeq: number }; readonly ops: readonly unknown[] }) =>
  frame.header.firstSeq + frame.ops.length - 1;

/** `to` fetches from `from` until it lacks nothing, in chunks, as two nodes do. */
function fetch(to: Copy, from: Copy): void {
  const disputed = new Map<string, FramePlace[]>();
  for (let round = 0; round < 50; round++) {
    const compared = to.replica.compare(from.replica.heads());
    if (!compared.lacking) return;
    for (const feed of compared.disputed) disputed.set(feed, disputed.get(feed) ?? []);
    const locators = [...disputed].flatMap(([feed, places]) => to.replica.locate(feed, places) ?? []);
    const { known } = from.replica.compare(to.replica.heads(), locators);
    const chunk = [...from.index.missing(known)].slice(0, 8);
    const before = to.replica.opCount();
    for (const position of chunk) {
      const frame = from.stored[position - 1];
      if (frame !== undefined) take(to, frame, disputed);
    }
    if (to.replica.opCount() > before) continue;
    for (const feed of compared.strange) disputed.set(feed, disputed.get(feed) ?? []);
  }
  expect.fail("it never caught up");
}

const item = (name: string): Draft => ({
  entity: name,
  on: null,
  body: { kind: "item.create", title: name, text: "", type: "story", priority: 5, labels: [], dependsOn: [] },
});

const join = (name: string): readonly Draft[] => {
  const ticket = testSigner(`ticket of ${name}`);
  const key = testSigner(name).publicKey;
  const proof = ticket.sign(joinProofBytes({ mesh, key, name }));
  return [
    {
      entity: "mesh",
      on: null,
      body: { kind: "member.invite", ticket: ticket.publicKey, role: "operator", expires: 1 },
    },
    { entity: "mesh", on: null, body: { kind: "member.join", key, name, ticket: ticket.publicKey, proof } },
  ];
};

const rotate = (from: Authorship, next: Authorship): Draft => {
  const { to: key, consent, proof } = proveRotation(mesh, from.signer, next.signer);
  return { entity: "mesh", on: null, body: { kind: "member.rotate", key, cut: new Map(), consent, proof } };
};

/** Copies that all know the members; the liar sits behind several of them at once. */
function world(copies: number): Copy[] {
  const first = newCopy();
  take(first, genesis.bytes);
  author(first, owner, [...join("liar"), ...join("ann"), ...join("bob"), ...join("eve")]);
  return Array.from({ length: copies }, () => {
    const copy = newCopy();
    for (const bytes of first.stored) expect(take(copy, bytes)).toBe(true);
    return copy;
  });
}

const idOf = (prng: Prng): string => Array.from({ length: 12 }, () => prng.int(13).toString(13)).join("");

test("two histories shown to two halves: both halves end with the proof and one view", () => {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  author(a, liar, [item("aaaaaaaaaaaa")]);
  author(b, liar, [item("bbbbbbbbbbbb")]);
  // Honest members build on what each of them sees.
  author(a, who("ann"), [item("cccccccccccc")]);
  author(b, who("bob"), [item("dddddddddddd")]);
  fetch(a, b);
  fetch(b, a);
  for (const copy of [a, b]) {
    expect([...copy.replica.forks()]).toEqual([[LIAR_FEED, 1]]);
    expect(
      [...copy.replica.view().items.values()]
        .filter((one) => one.best !== undefined)
        .map((one) => one.id)
        .sort(),
    ).toEqual(["cccccccccccc", "dddddddddddd"]);
    expect(copy.replica.opCount()).toBe(13);
  }
  expect(digestOf(a.replica.view(), testCrypto)).toBe(digestOf(b.replica.view(), testCrypto));
});

test("another history that is longer is found also when the first chunks hold nothing but what builds on it", () => {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  author(a, liar, [item("aaaaaaaaaaaa")]);
  author(b, liar, [item("bbbbbbbbbbbb")]);
  for (let turn = 0; turn < 10; turn++) author(b, who("ann"), [item(`cccccccccc${turn}0`)]);
  // To the first copy it looks as if the liar had only gone on.
  author(b, liar, [item("dddddddddddd")]);
  fetch(a, b);
  expect([...a.replica.forks()]).toEqual([[LIAR_FEED, 1]]);
  expect(a.replica.opCount()).toBe(b.replica.opCount() + 1);
});

test("what was written before the fork still counts, and another incarnation goes on", () => {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  author(a, liar, [item("aaaaaaaaaaaa")]);
  fetch(b, a);
  author(a, liar, [item("bbbbbbbbbbbb")]);
  author(b, liar, [item("cccccccccccc")]);
  fetch(a, b);
  author(a, who("liar", 2), [item("dddddddddddd")]);
  fetch(b, a);
  const alive = [...b.replica.view().items.values()].filter((one) => one.best !== undefined).map((one) => one.id);
  expect(alive.sort()).toEqual(["aaaaaaaaaaaa", "dddddddddddd"]);
  expect([...b.replica.forks().values()]).toEqual([2]);
});

test("a fork behind or before a rotation does not bring the old key back, whoever hears of which first", () => {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  const next = who("liar's next key", 2);
  author(a, liar, [item("aaaaaaaaaaaa")]);
  author(a, liar, [rotate(liar, next)]);
  author(a, next, [item("bbbbbbbbbbbb")]);
  // A copy of the directory, or a thief of the old key, writes another history of the feed from its begin.
  author(b, liar, [item("cccccccccccc"), item("dddddddddddd"), item("eeeeeeeeeeee")]);
  fetch(a, b);
  fetch(b, a);
  for (const copy of [a, b]) {
    expect([...copy.replica.forks()]).toEqual([[LIAR_FEED, 1]]);
    const { membership, items } = copy.replica.view();
    expect(memberOf(membership, toHex(liar.signer.publicKey))?.key).toBe(toHex(next.signer.publicKey));
    expect([...items.values()].filter((one) => one.best !== undefined).map((one) => one.id)).toEqual(["bbbbbbbbbbbb"]);
  }
  expect(digestOf(a.replica.view(), testCrypto)).toBe(digestOf(b.replica.view(), testCrypto));
});

test("nobody else can frame an author: a second history without its signature changes nothing", () => {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  author(a, liar, [item("aaaaaaaaaaaa")]);
  author(b, liar, [item("bbbbbbbbbbbb")]);
  const forged = Uint8Array.from(b.stored.at(-1) ?? []);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const taken = a.replica.take(forged);
  expect(taken.ok ? "taken" : taken.error.type).toBe("bad-signature");
  expect(a.replica.forks().size).toBe(0);
});

/** An op that names nothing it could build on: kept, and without any effect. */
const idle = (entity: string, on: string | null = null): Draft => ({ entity, on, body: { kind: "item.start" } });

/** Every op with what it came to, reasons and all. */
const outcomes = ({ replica }: Copy): readonly string[] =>
  [...replica.view().items.values()]
    .flatMap(({ id, entries }) => [...entries.values()].map((one) => `${id} ${one.id} ${JSON.stringify(one.outcome)}`))
    .sort();

/** Two copies, and the frame by which the liar's feed forks at the first one. */
function forkedBy(first: readonly Draft[], second: readonly Draft[]): { readonly a: Copy; readonly fork: Uint8Array } {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  author(a, liar, first);
  author(b, liar, second);
  return { a, fork: b.stored.at(-1) ?? new Uint8Array() };
}

test("a fork that takes back no effect folds nothing again, and comes to the same as if it had", () => {
  const strangers = { entity: "mesh", on: null, body: join("zoe")[1]?.body ?? { kind: "item.start" } } satisfies Draft;
  const { a, fork } = forkedBy([idle("x"), idle("aaaaaaaaaaaa"), strangers], [idle("y")]);
  // An honest op that builds on one of them is rejected for another reason from then on.
  const [on] = a.replica.view().items.get("aaaaaaaaaaaa")?.entries.keys() ?? [];
  author(a, who("ann"), [idle("aaaaaaaaaaaa", on ?? null)]);
  const taken = a.replica.take(fork);
  a.stored.push(fork);
  expect(taken.ok && taken.value.changes.map(({ type }) => type)).toEqual(["item", "membership", "item", "item"]);
  expect([...a.replica.forks()]).toEqual([[LIAR_FEED, 1]]);
  const before = { outcomes: outcomes(a), digest: digestOf(a.replica.view(), testCrypto) };
  reload(a);
  expect(before).toEqual({ outcomes: outcomes(a), digest: digestOf(a.replica.view(), testCrypto) });
  expect(before.outcomes.filter((line) => line.includes("was quarantined"))).toHaveLength(1);
});

test.each([
  ["an item", [item("aaaaaaaaaaaa")]],
  ["an item before an op without one", [item("aaaaaaaaaaaa"), idle("x")]],
])("a fork that takes back %s folds everything again", (_, drafts) => {
  const { a, fork } = forkedBy(drafts, [idle("y")]);
  const taken = a.replica.take(fork);
  expect(taken.ok && taken.value.changes).toContainEqual({ type: "stale" });
});

test("a fork that takes back whom the liar let in folds everything again, once that one wrote", () => {
  const { a, fork } = forkedBy(join("zoe"), [idle("y")]);
  author(a, who("zoe"), [item("aaaaaaaaaaaa")]);
  expect(a.replica.view().items.get("aaaaaaaaaaaa")?.best).toBeDefined();
  expect(take(a, fork)).toBe(true);
  expect(a.replica.view().items.get("aaaaaaaaaaaa")?.best).toBeUndefined();
});

test("a fork behind the ops that had an effect folds nothing again", () => {
  const [a, b] = world(2);
  if (a === undefined || b === undefined) throw new Error("two copies");
  author(a, liar, [item("aaaaaaaaaaaa")]);
  fetch(b, a);
  author(a, liar, [idle("x")]);
  author(b, liar, [idle("y")]);
  const taken = a.replica.take(b.stored.at(-1) ?? new Uint8Array());
  expect(taken.ok && taken.value.changes.map(({ type }) => type)).toEqual(["item", "item"]);
  expect(a.replica.view().items.get("aaaaaaaaaaaa")?.best).toBeDefined();
});

test("whatever histories two liars write and whoever hears what first, all copies end alike", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const prng = createPrng(seed);
      const copies = world(4);
      const names = ["ann", "bob", "liar", "eve", "liar", "owner"];
      for (let step = 0; step < 30; step++) {
        const [one, two] = prng.shuffle(copies);
        if (one === undefined || two === undefined) throw new Error("four copies");
        // Honest members write at one copy only; liars at any, so their feeds fork wherever two copies did not meet.
        const name = prng.pick(names);
        const at = ["liar", "eve"].includes(name) ? one : copies[names.indexOf(name) % 4];
        const life = name === "liar" && prng.chance(0.2) ? 2 : 1;
        if (at !== undefined && prng.chance(0.6)) {
          // Many ops of theirs have no effect: neither does their fork, and nothing is folded again for it.
          const write = (): Draft => {
            const items = [...at.replica.view().items.values()];
            if (items.length === 0 || prng.chance(0.4)) return item(idOf(prng));
            const { id, entries } = prng.pick(items);
            return idle(id, prng.chance(0.3) ? null : prng.pick([...entries.keys()]));
          };
          const ids = Array.from({ length: 1 + prng.int(3) }, write);
          const by = name === "owner" ? owner : who(name, life);
          // Liars rotate their key too, to one of three keys and in any of their histories.
          const rotates = ["liar", "eve"].includes(name) && prng.chance(0.2);
          author(at, by, rotates ? [...ids, rotate(by, who(`${name} ${prng.int(3)}`))] : ids);
        } else fetch(one, two);
      }
      for (const to of copies) for (const from of copies) if (to !== from) fetch(to, from);
      for (const to of copies) for (const from of copies) if (to !== from) fetch(to, from);
      const digests = new Set(copies.map(({ replica }) => digestOf(replica.view(), testCrypto)));
      expect(digests.size).toBe(1);
      const forks = copies.map(({ replica }) =>
        JSON.stringify([...replica.forks()].toSorted(([one], [two]) => (one < two ? -1 : 1))),
      );
      expect(new Set(forks).size).toBe(1);
      for (const copy of copies) {
        const before = [digestOf(copy.replica.view(), testCrypto), ...outcomes(copy)];
        reload(copy);
        expect([digestOf(copy.replica.view(), testCrypto), ...outcomes(copy)]).toEqual(before);
      }
    }),
    { numRuns: 30 },
  );
}, 60_000);
