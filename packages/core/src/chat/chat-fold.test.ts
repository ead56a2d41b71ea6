/** The fold of chat ops: the same view from any order of any set of ops, whoever wrote them. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { digestOf } from "../fold/digest.ts";
import { noMembership } from "../member/membership.ts";
import { type Role, ROLES } from "../member/role.ts";
import type { ChatBody, ReceiveBody, SentMark, SettleBody } from "../op/chat-bodies.ts";
import { CHAT_SAMPLES, testCrypto } from "../testing/index.ts";
import { type ChatFold, commandIdOf, createChatFold, LIVE } from "./chat-fold.ts";
import type { ChatView } from "./chat-view.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => testCrypto.sha256(bytes);
const hashOf = (text: string): Uint8Array => sha256(new TextEncoder().encode(text));

interface TestOp {
  readonly body: ChatBody;
  readonly author?: string;
  readonly role?: Role;
  readonly lamport: number;
  readonly wall?: number;
}

function apply(fold: ChatFold, { body, author = "aa", role = "operator", lamport, wall = lamport }: TestOp): boolean {
  const id = `${String(lamport).padStart(4, "0")}${author}${JSON.stringify(body, (_key, value: unknown) =>
    value instanceof Uint8Array ? [...value] : value,
  )}`;
  return fold.apply(body, { lamport, author, id, wall }, { member: author, role });
}

function foldOf(...ops: readonly TestOp[]): ChatFold {
  const fold = createChatFold(sha256);
  for (const op of ops) apply(fold, op);
  return fold;
}

/** Everything that a reader of the view can see, in an order of its own. */
function seen(view: ChatView): unknown {
  const map = (of: ReadonlyMap<string, unknown>): unknown =>
    [...of].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const { persons, byPrincipal, pairings } = view.people();
  return {
    maps: [
      view.leases,
      view.commands,
      view.sent,
      view.messages,
      view.timers,
      view.plans,
      view.fired,
      view.settings,
      view.lastSaid,
      view.lastInbound,
      view.directRooms,
      persons,
      byPrincipal,
      pairings,
    ].map(map),
    sets: [view.waiting, view.asked, view.unanswered, view.live].map((of) => [...of].toSorted()),
    spent: map(new Map([...view.spent].map(([key, times]) => [key, times.toSorted((a, b) => a - b)]))),
    digest: digestOf({ items: new Map(), membership: noMembership, chat: view }, testCrypto),
  };
}

const receive = (event: string, more: Partial<ReceiveBody> = {}): ReceiveBody => ({
  ...CHAT_SAMPLES["chat.receive"],
  event,
  message: event,
  ...more,
});
const idOf = (event: string, account: string = "matrix/main"): string => commandIdOf(account, event, sha256);
const settle = (event: string, more: Partial<SettleBody> = {}): SettleBody => ({
  ...CHAT_SAMPLES["chat.settle"],
  command: idOf(event),
  item: "",
  ...more,
});
const [SENT] = CHAT_SAMPLES["chat.sent"].sends;
const mark = (more: Partial<SentMark>): Extract<ChatBody, { kind: "chat.sent" }> => {
  if (SENT === undefined) throw new Error("the sample has a mark");
  return { kind: "chat.sent", sends: [{ ...SENT, ...more }] };
};

// ── any order ───────────────────────────────────────────────────────────────────────────────────────────────────────

const events = fc.constantFrom("$1", "$2", "$3");
const answersTo = fc.constantFrom("", idOf("$1"), idOf("$2"), idOf("$3"));
const codes = fc.constantFrom("AAAA", "BBBB", "CCCC");
const names = fc.constantFrom("ada", "bob");
const principals = fc.constantFrom("matrix:@ada:x", "slack:T1/U1", "matrix:@eve:x");
const accounts = fc.constantFrom("matrix/main", "matrix/other", "slack/main");
const roles = fc.constantFrom(...ROLES);

const bodies: fc.Arbitrary<ChatBody> = fc.oneof(
  fc.record({
    kind: fc.constant("lease.claim" as const),
    lease: fc.constantFrom("matrix/main", "slack/main"),
    epoch: fc.integer({ min: 1, max: 3 }),
    ttl: fc.constantFrom(1_000, 30_000),
  }),
  fc.record({
    kind: fc.constant("lease.release" as const),
    lease: fc.constantFrom("matrix/main", "slack/main"),
    epoch: fc.integer({ min: 1, max: 3 }),
  }),
  fc
    .record({ event: events, account: accounts, text: fc.constantFrom("list", "delete #a"), direct: fc.boolean() })
    .chain((some) => fc.integer({ min: 0, max: 3 }).map((at) => receive(some.event, { ...some, at }))),
  fc
    .record({
      outcome: fc.constantFrom("done" as const, "refused" as const, "asked" as const, "ignored" as const),
      proposal: fc.constantFrom("", LIVE),
      answers: answersTo,
      reply: fc.constantFrom([], [{ text: "Done.", style: "plain" as const }]),
    })
    .chain((some) => events.map((event) => settle(event, some))),
  fc
    .record({
      key: fc.constantFrom("1".repeat(64), "2".repeat(64)),
      message: fc.constantFrom("", "$a", "$b"),
      purpose: fc.constantFrom("reply" as const, "card" as const),
      item: fc.constantFrom("", "0123456789ab"),
      about: fc.constantFrom(idOf("$1"), idOf("$2")),
      result: fc.constantFrom("sent" as const, "failed" as const, "suppressed" as const),
    })
    .map(mark),
  fc.constant(CHAT_SAMPLES["chat.spend"]),
  fc.record({
    kind: fc.constant("notice.set" as const),
    target: names,
    field: fc.constant("quiet"),
    value: fc.constantFrom("on", "off"),
  }),
  fc.record({
    kind: fc.constant("person.invite" as const),
    person: names,
    role: roles,
    member: fc.constantFrom("", "aa".repeat(32), "bb".repeat(32)),
    code: codes.map(hashOf),
    expires: fc.constantFrom(1, 2),
  }),
  fc.record({ kind: fc.constant("person.link" as const), principal: principals, code: codes }),
  fc.record({ kind: fc.constant("person.unlink" as const), principal: principals }),
  fc.record({
    kind: fc.constant("person.role" as const),
    person: names,
    role: fc.constantFrom(...ROLES, "none" as const),
  }),
  fc.constant(CHAT_SAMPLES["timer.set"]),
  fc.constantFrom("look", "listen").map((text) => ({ ...CHAT_SAMPLES["timer.set"], text })),
  fc.constant(CHAT_SAMPLES["timer.cancel"]),
  fc.constantFrom("look", "listen").map((title) => ({ ...CHAT_SAMPLES["timer.plan"], title })),
  fc.constantFrom(1, 2, 3).map((occurrence) => ({ ...CHAT_SAMPLES["timer.fire"], occurrence })),
  fc.constant({ ...CHAT_SAMPLES["timer.cancel"], timer: CHAT_SAMPLES["timer.plan"].timer }),
);

/** Distinct stamps, as ops have: of one author no two share a Lamport stamp. */
const histories: fc.Arbitrary<readonly TestOp[]> = fc.uniqueArray(
  fc.record({
    body: bodies,
    author: fc.constantFrom("aa", "bb", "cc"),
    lamport: fc.integer({ min: 1, max: 12 }),
    wall: fc.integer({ min: 0, max: 9 }),
  }),
  { selector: ({ author, lamport }) => `${author} ${lamport}`, maxLength: 24 },
);

const ROLE_OF: Readonly<Record<string, Role>> = { aa: "owner", bb: "operator", cc: "agent" };
const byAuthors = (ops: readonly TestOp[]): readonly TestOp[] =>
  ops.map((op) => ({ ...op, role: ROLE_OF[op.author ?? ""] ?? "observer" }));

test("any order of any set of ops by several authors gives the same view and the same digest", () => {
  fc.assert(
    fc.property(
      histories.chain((ops) =>
        fc.tuple(fc.constant(ops), fc.shuffledSubarray([...ops], { minLength: ops.length, maxLength: ops.length })),
      ),
      ([ops, shuffled]) => {
        expect(seen(foldOf(...byAuthors(shuffled)))).toEqual(seen(foldOf(...byAuthors(ops))));
      },
    ),
    { numRuns: 1_500 },
  );
});

test("what an observer or an agent writes changes nothing", () => {
  const before = seen(foldOf());
  for (const role of ["observer", "agent"] as const) {
    for (const body of Object.values(CHAT_SAMPLES)) {
      const fold = createChatFold(sha256);
      expect(apply(fold, { body, role, lamport: 1 })).toBe(false);
      expect(seen(fold)).toEqual(before);
    }
  }
});

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("one event that two nodes took in is one command, on whichever account of the kind it came", () => {
  const view = foldOf(
    { body: receive("$1"), author: "bb", lamport: 4 },
    { body: receive("$1", { account: "matrix/other" }), author: "aa", lamport: 5 },
  );
  expect([...view.commands.keys()]).toEqual([idOf("$1")]);
  expect(view.commands.get(idOf("$1"))?.received.account).toBe("matrix/main");
  expect(idOf("$1", "slack/main")).not.toBe(idOf("$1"));
});

test("a command whose end came before its beginning does not wait, and its words are forgotten", () => {
  const view = foldOf({ body: settle("$1"), lamport: 9 }, { body: receive("$1"), lamport: 3 });
  expect([...view.waiting]).toEqual([]);
  expect(view.commands.get(idOf("$1"))?.settled?.outcome).toBe("done");
  expect(view.commands.get(idOf("$1"))?.received.text).toBe("");
});

test("a question is answered when a settling answers it that does not count for its own command", () => {
  const view = foldOf(
    { body: receive("$1"), lamport: 1 },
    { body: settle("$1", { outcome: "asked", proposal: "x" }), lamport: 2 },
    { body: receive("$2"), lamport: 3 },
    // Another node had not heard of the question and refused; this one did what was asked about.
    { body: settle("$2", { outcome: "refused" }), author: "bb", lamport: 4 },
    { body: settle("$2", { answers: idOf("$1") }), author: "aa", lamport: 5 },
  );
  expect([...view.asked]).toEqual([]);
  expect(view.commands.get(idOf("$1"))?.answeredBy).toBe(idOf("$2"));
});

test("that a message was sent stays true whoever says that it failed", () => {
  const failed = { body: mark({ result: "failed", message: "" }), author: "bb", lamport: 1 };
  const sent = { body: mark({ result: "sent", message: "$7" }), author: "aa", lamport: 8 };
  for (const ops of [
    [failed, sent],
    [sent, failed],
  ]) {
    expect([...foldOf(...ops).sent.values()].map(({ result }) => result)).toEqual(["sent"]);
  }
});

test("both of two messages that were sent under one key are known as what they are about", () => {
  const view = foldOf(
    { body: mark({ message: "$a", item: "0123456789ab" }), author: "aa", lamport: 1 },
    { body: mark({ message: "$b", item: "0123456789ab" }), author: "bb", lamport: 2 },
  );
  expect([...view.messages.values()].map(({ item }) => item)).toEqual(["0123456789ab", "0123456789ab"]);
});

test("a timer that was cancelled before it was set never rings", () => {
  const view = foldOf(
    { body: CHAT_SAMPLES["timer.cancel"], lamport: 1 },
    { body: CHAT_SAMPLES["timer.set"], lamport: 2 },
  );
  expect([...view.timers.values()].map(({ cancelled }) => cancelled)).toEqual([true]);
});

// ── leases ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const claim = (epoch: number): ChatBody => ({ kind: "lease.claim", lease: "matrix/main", epoch, ttl: 30_000 });
const release = (epoch: number): ChatBody => ({ kind: "lease.release", lease: "matrix/main", epoch });
const holderOf = (view: ChatView): readonly [string, number, boolean] | undefined => {
  const lease = view.leases.get("matrix/main");
  return lease === undefined ? undefined : [lease.holder, lease.epoch, lease.released];
};

test("the later epoch holds, and of two claims of one epoch the earlier", () => {
  const ops: readonly TestOp[] = [
    { body: claim(1), author: "aa", lamport: 1 },
    { body: claim(2), author: "bb", lamport: 7 },
    { body: claim(2), author: "cc", lamport: 6 },
  ];
  expect(holderOf(foldOf(...ops))).toEqual(["cc", 2, false]);
  expect(holderOf(foldOf(...ops.toReversed()))).toEqual(["cc", 2, false]);
});

test("a release by somebody who does not hold the lease, or of another epoch, has no effect", () => {
  const held: TestOp = { body: claim(2), author: "aa", lamport: 1 };
  expect(holderOf(foldOf(held, { body: release(2), author: "bb", lamport: 2 }))).toEqual(["aa", 2, false]);
  expect(holderOf(foldOf(held, { body: release(1), author: "aa", lamport: 2 }))).toEqual(["aa", 2, false]);
});

test("a release that came before its claim counts", () => {
  const ops: readonly TestOp[] = [
    { body: release(1), author: "aa", lamport: 2 },
    { body: claim(1), author: "aa", lamport: 1 },
  ];
  expect(holderOf(foldOf(...ops))).toEqual(["aa", 1, true]);
});
