/** Questions and their answers: which one counts, in any order of arrival, and until when somebody waits. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { AnnotationBody } from "../op/bodies.ts";
import {
  annotate,
  type AnnotationOp,
  type Annotations,
  isOpen,
  type MutableAnnotations,
  newAnnotations,
  openQuestions,
} from "./annotations.ts";
import type { Claim, ItemState } from "./item-state.ts";
import { newItemState } from "./transition.ts";

const claim: Claim = { op: "c1", holder: "holder", incarnation: "", epoch: 1, ttlMs: 1_000, since: 0 };
const coding: ItemState = { ...newItemState, stage: { stage: "Coding" }, epoch: 1, claim };

const ASK = { kind: "item.ask", question: "q001", text: "Which port?", options: ["80", "443"] } as const;
const answer = (text: string): AnnotationBody => ({ kind: "item.answer", question: "q001", text, by: "" });
const unask = (note: string = ""): AnnotationBody => ({ kind: "item.unask", question: "q001", note });

interface Said extends AnnotationOp {
  readonly body: AnnotationBody;
}

/** An op by the holder's node, which is no operator, unless it says otherwise. */
const said = (
  id: string,
  lamport: number,
  on: string | null,
  body: AnnotationBody,
  more: Partial<Said> = {},
): Said => ({
  id,
  lamport,
  on,
  body,
  author: "a",
  wall: 0,
  member: "holder",
  isOperator: false,
  state: undefined,
  ...more,
});

const person = { member: "person", isOperator: true };
const asked = said("ask", 5, "c1", ASK, { state: coding });

function fold(ops: readonly Said[], known: MutableAnnotations = newAnnotations()): MutableAnnotations {
  // What has no effect says so, and is left out.
  for (const op of ops) annotate(known, op.body, op);
  return known;
}

const reason = (ops: readonly Said[], last: Said): string => {
  const next = annotate(fold(ops), last.body, last);
  return next.ok ? "" : next.error;
};

const answerIn = (known: Annotations): string | undefined => known.questions.get("q001")?.answer?.text;

test("of one member's evidence for one tree the last stands, in any order of arrival; another member's is its own", () => {
  const evidence = (exitCode: number): AnnotationBody => ({
    kind: "item.attest",
    tip: "t",
    base: "b",
    evidence: { tree: "tree", runs: [{ argv: ["npm", "test"], exitCode, durationMs: 1, outputDigest: "d" }] },
  });
  const red = said("a1", 6, "c1", evidence(1), { state: coding });
  const green = said("a2", 7, "c1", evidence(0), { state: coding });
  const other = said("a3", 6, "c1", evidence(1), { state: coding, member: "witness" });
  for (const ops of [
    [red, green, other],
    [green, other, red],
  ]) {
    const { attests } = fold(ops);
    const seen = attests.map(({ member, evidence: { runs } }) => `${member} ${runs[0]?.exitCode ?? ""}`);
    expect(seen.toSorted()).toEqual(["holder 0", "witness 1"]);
  }
  expect(reason([], said("a4", 8, "note", evidence(0)))).toBe("evidence builds on a stage of the item");
});

test("of what one member keeps of one attempt the last word stands, in any order of arrival, and there are no more attempts than claims", () => {
  const kept = (digest: string, epoch: number = 1): AnnotationBody => ({
    kind: "item.artifact",
    project: "demo",
    epoch,
    commit: "",
    copies: 2,
    files: [{ sort: "log", name: "log", digest, size: 1 }],
  });
  const first = said("k1", 6, "c1", kept("one"), { state: coding });
  const second = said("k2", 7, "c1", kept("two"), { state: coding });
  const other = said("k3", 6, "c1", kept("three"), { state: coding, member: "other" });
  for (const ops of [
    [first, second, other],
    [second, other, first],
  ]) {
    const seen = fold(ops).artifacts.map(({ member, files }) => `${member} ${files[0]?.digest ?? ""}`);
    expect(seen.toSorted()).toEqual(["holder two", "other three"]);
  }
  expect(reason([], said("k4", 8, "c1", kept("x", 2), { state: coding }))).toBe("there was no such attempt");
  expect(reason([], said("k5", 8, "note", kept("x")))).toContain("builds on a stage of the item");
});

test("the first answer counts until the asker says which one it took", () => {
  const first = said("a1", 6, "ask", answer("80"), person);
  const second = said("a2", 7, "ask", answer("443"), person);
  expect(answerIn(fold([asked, second]))).toBe("443");
  expect(answerIn(fold([asked, second, first]))).toBe("80");
  const known = fold([asked, second, said("u1", 8, "a2", unask()), first]);
  expect(answerIn(known)).toBe("443");
  expect(known.questions.get("q001")?.over).toMatchObject({ taken: true });
});

test("a question that its asker has withdrawn has no answer, whenever one comes", () => {
  const late = said("a1", 6, "ask", answer("80"), person);
  const withdrawn = said("u1", 9, "ask", unask("The agent ended."));
  for (const ops of [
    [asked, late, withdrawn],
    [asked, withdrawn, late],
  ]) {
    expect(fold(ops).questions.get("q001")).toMatchObject({ answer: undefined, over: { note: "The agent ended." } });
  }
});

test("what is no answer has no effect and says why", () => {
  expect(reason([asked], said("a1", 6, "ask", answer("22"), person))).toBe("the answer is one of 80, 443");
  expect(reason([asked], said("a1", 6, "c1", answer("80"), person))).toBe("an answer builds on the question");
  const other = said("other", 5, "c1", { ...ASK, question: "q002" }, { state: coding });
  expect(reason([asked, other], said("a1", 6, "other", answer("80"), person))).toBe("an answer builds on the question");
  expect(reason([asked], said("a1", 6, "ask", answer("80"), { member: "other" }))).toBe(
    "answering needs the role operator",
  );
  expect(reason([asked], said("a1", 6, "ask", answer("80")))).toBe("");
  expect(reason([asked], said("u1", 6, "ask", unask(), person))).toBe("only who asks a question ends it");
  expect(reason([asked], said("u1", 6, "c1", unask()))).toBe("what ends a question builds on it or on its answer");
  expect(reason([], said("ask", 5, "t1", ASK))).toBe("a question builds on a stage of the item");
});

test("nobody waits for an answer once the item has gone on, the claim is another one, or it is given", () => {
  const known = fold([asked]);
  const open = (state: ItemState): number => openQuestions({ annotations: known, best: { state } }).length;
  expect(open(coding)).toBe(1);
  expect(open({ ...coding, epoch: 2 })).toBe(0);
  expect(open({ ...coding, claim: { ...claim, op: "c2" } })).toBe(0);
  expect(open({ ...coding, claim: null })).toBe(0);
  expect(open({ ...coding, stage: { stage: "Backlog" } })).toBe(0);
  const answered = fold([asked, said("a1", 6, "ask", answer("80"), person)]).questions.get("q001");
  expect(answered !== undefined && isOpen(answered, coding)).toBe(false);
});

test("any order of arrival that has each op behind the one it builds on means the same", () => {
  const ops: readonly Said[] = [
    asked,
    // Two ops under one id: the earlier one asks, and only its answers count.
    said("ask2", 4, "c1", { ...ASK, text: "Which one?" }, { state: coding, author: "b" }),
    said("a1", 6, "ask", answer("80"), person),
    said("a2", 6, "ask2", answer("443"), { ...person, author: "b" }),
    said("a3", 7, "ask2", answer("80"), person),
    said("a4", 7, "ask2", answer("22"), person),
    said("u1", 9, "a3", unask()),
    said("u2", 8, "ask", unask("ended")),
    said("n1", 3, "c1", { kind: "item.note", note: "0123456789abcdef", text: "a note", by: "" }, person),
  ];
  const meaning = (known: Annotations): unknown => [known.questions, known.notes];
  const expected = meaning(fold(ops.toSorted((a, b) => a.lamport - b.lamport)));
  expect(fold(ops).questions.get("q001")).toMatchObject({ text: "Which one?", answer: { text: "80" } });
  fc.assert(
    fc.property(fc.shuffledSubarray([...ops], { minLength: ops.length }), (shuffled) => {
      const waiting = [...shuffled];
      const ordered: Said[] = [];
      const here = new Set<string | null>(["c1"]);
      while (waiting.length > 0) {
        const at = waiting.findIndex(({ on }) => here.has(on));
        const [next] = waiting.splice(at, 1);
        if (next === undefined) throw new Error("every op builds on one of these");
        here.add(next.id);
        ordered.push(next);
      }
      expect(meaning(fold(ordered))).toEqual(expected);
    }),
  );
});

/** A list that counts how often something in it is looked at. */
function counted(): { readonly list: unknown[]; readonly reads: () => number } {
  let reads = 0;
  const list = new Proxy<unknown[]>([], {
    get: (target, key, receiver): unknown => {
      if (typeof key === "string" && /^\d+$/.test(key)) reads++;
      return Reflect.get(target, key, receiver);
    },
  });
  return { list, reads: () => reads };
}

const OID = (at: number): string => at.toString(16).padStart(40, "0");

test("however much a member has said of an item, one more word costs what the first did", () => {
  const qa: ItemState = {
    ...coding,
    stage: { stage: "Qa", featureBranch: "skein/aaaaaaaaaaaa/1", tip: OID(0), tree: OID(0), commitsAhead: 1 },
  };
  const [notes, attests, artifacts, approvals] = [counted(), counted(), counted(), counted()];
  const lists = { notes: notes.list, attests: attests.list, artifacts: artifacts.list, approvals: approvals.list };
  // The lists hold what the fold puts into them, and nothing else does.
  const known = { ...newAnnotations(), ...lists } as MutableAnnotations;
  const COUNT = 500;
  const many = (of: (at: number) => AnnotationBody, state: ItemState, member?: (at: number) => string): void => {
    const ops = Array.from({ length: COUNT }, (_, at) => {
      const more = { state, isOperator: true, ...(member === undefined ? {} : { member: member(at) }) };
      return said(`${of(at).kind} ${at}`, at, claim.op, of(at), more);
    });
    fold(ops, known);
    fold(ops, known);
  };
  const evidence = (at: number) => ({ tree: OID(at), runs: [] });
  many((at) => ({ kind: "item.attest", tip: OID(at), base: OID(0), evidence: evidence(at) }), coding);
  many((at) => ({ kind: "item.note", note: at.toString(16).padStart(16, "0"), text: "", by: "" }), coding);
  const file = { kind: "item.artifact", project: "demo", commit: "", copies: 1, files: [] } as const;
  many((at) => ({ ...file, epoch: at + 1 }), { ...coding, epoch: COUNT });
  many(() => ({ kind: "item.approve", tip: OID(0), tree: OID(0), note: "", by: "" }), qa, String);
  expect([notes, attests, artifacts, approvals].map(({ list }) => list.length)).toEqual(Array(4).fill(COUNT));
  // One look for each op: at what stands in its place.
  for (const { reads } of [notes, attests, artifacts, approvals]) expect(reads()).toBeLessThanOrEqual(2 * COUNT);
});

test("what is known is not copied for a question, its answer, or what a day has cost, however much that is", () => {
  const known = newAnnotations();
  const { questions, asks, answers, spends } = known;
  const spend = (lamport: number, model: string, count: number): Said => {
    const models = new Map([[model, new Map([["input" as const, count]])]]);
    const body = { kind: "item.spend", day: "2026-11-21", agent: "a", models, reserved: lamport } as const;
    return said(`s${lamport}`, lamport, claim.op, body, { state: coding });
  };
  fold([spend(1, "one", 5)], known);
  const first = known.spends.get(`${claim.op} 2026-11-21`)?.models;
  fold([spend(3, "two", 1), spend(2, "one", 4), asked, said("a1", 6, "ask", answer("80"), person)], known);
  const spent = known.spends.get(`${claim.op} 2026-11-21`);
  expect(spent?.models).toBe(first);
  expect(spent).toMatchObject({ reserved: 3, lamport: 3 });
  expect([...(spent?.models ?? [])].map(([model, counts]) => [model, counts.get("input")])).toEqual([
    ["one", 5],
    ["two", 1],
  ]);
  expect([questions, asks, answers, spends].map(({ size }) => size)).toEqual([1, 1, 1, 1]);
});
