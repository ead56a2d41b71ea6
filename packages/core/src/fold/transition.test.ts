/** Who may send which event in which state, and what it makes of the item. */
import { expect, test } from "vitest";

import { type Role, ROLES } from "../member/role.ts";
import { SEND_BACK_REASONS, type StageBody, type StageKind } from "../op/bodies.ts";
import { type Claim, compareState, hasLanded, type ItemState } from "./item-state.ts";
import { STAGE_GRAPH, STAGE_KINDS } from "./machine.ts";
import {
  ARCHIVE_REASONS,
  type ArchiveReason,
  type Evidence,
  type Feature,
  isGreen,
  type Stage,
  type StageState,
  STAGES,
} from "./stage.ts";
import { newItemState, refusal, ROLE_NEEDED, type StageEvent, transition } from "./transition.ts";

const ITEM = "0123456789ab";
const ME = "aa";
const OTHER = "bb";
const OID = "c".repeat(40);

const feature: Feature = { featureBranch: `skein/${ITEM}/3`, tip: OID, tree: OID, commitsAhead: 2 };
const run = { argv: ["npm", "test"], exitCode: 0, durationMs: 1, outputDigest: "d".repeat(64) };
const green: Evidence = { tree: OID, runs: [run] };

const STAGE_STATES: { readonly [S in Stage]: Extract<StageState, { stage: S }> } = {
  Backlog: { stage: "Backlog" },
  Coding: { stage: "Coding" },
  Qa: { stage: "Qa", ...feature },
  Merge: { stage: "Merge", ...feature, evidence: green },
  Done: { stage: "Done", mergedAt: 7, mergeCommit: OID },
  Archived: { stage: "Archived", archivedAt: 8, reason: "Abandoned", mergeCommit: null },
};

const claimOf = (holder: string): Claim => ({ op: "ee", holder, incarnation: "01", epoch: 3, ttlMs: 1_000, since: 5 });

const stateIn = (stage: StageState, holder: string | null): ItemState => ({
  stage,
  generation: 1,
  epoch: 3,
  claim: holder === null ? null : claimOf(holder),
  attempts: 2,
  noProgress: 1,
  overBudget: true,
  left: null,
  note: "before",
});

/** One valid body of each kind. */
const BODIES: { readonly [K in StageKind]: Extract<StageBody, { kind: K }> } = {
  "item.start": { kind: "item.start" },
  "item.shelve": { kind: "item.shelve", note: "later" },
  "item.claim": { kind: "item.claim", ttl: 60_000 },
  "item.release": { kind: "item.release", note: "bye" },
  "item.submit": { kind: "item.submit", feature },
  "item.pass": { kind: "item.pass", evidence: green },
  "item.sendBack": { kind: "item.sendBack", reason: "gate-failed", note: "red", progress: true, evidence: [] },
  "item.land": { kind: "item.land", commit: OID, at: 99 },
  "item.archive": { kind: "item.archive", reason: "Abandoned", note: "no" },
  "item.restore": { kind: "item.restore", note: "again" },
};

const eventOf = (body: StageBody, role: Role, member: string = ME): StageEvent => ({
  item: ITEM,
  op: "ff",
  member,
  incarnation: "02",
  role,
  wall: 1_234,
  body,
});

// ── the table of the claim ──────────────────────────────────────────────────────────────────────────────────────────

type Holding = "none" | "mine" | "other's";
const HOLDINGS: readonly Holding[] = ["none", "mine", "other's"];
const holderOf: Record<Holding, string | null> = { none: null, mine: ME, "other's": OTHER };

/** `yes`: every role from the event's least role on. `holder`: such a role that holds the claim, whatever its rank.
 * `holder-or-operator`: an agent only when it holds the claim, an operator or owner always. `no`: nobody. */
type Who = "yes" | "holder" | "holder-or-operator" | "no";

const CLAIM_EVENTS = {
  claim: BODIES["item.claim"],
  release: BODIES["item.release"],
  submit: BODIES["item.submit"],
  pass: BODIES["item.pass"],
  sendBack: BODIES["item.sendBack"],
  "archive Blocked": { kind: "item.archive", reason: "Blocked", note: "gave up" },
} as const satisfies Record<string, StageBody>;
type ClaimEvent = keyof typeof CLAIM_EVENTS;

/** A stage or event that is added breaks the build here until its cell is decided. */
const CLAIM_TRUTH: Record<Stage, Record<ClaimEvent, Who>> = {
  Backlog: {
    claim: "no",
    release: "no",
    submit: "no",
    pass: "no",
    sendBack: "no",
    "archive Blocked": "holder-or-operator",
  },
  Coding: {
    claim: "yes",
    release: "holder",
    submit: "holder",
    pass: "no",
    sendBack: "holder-or-operator",
    "archive Blocked": "holder-or-operator",
  },
  Qa: {
    claim: "yes",
    release: "holder",
    submit: "no",
    pass: "holder",
    sendBack: "holder-or-operator",
    "archive Blocked": "holder-or-operator",
  },
  Merge: {
    claim: "yes",
    release: "holder",
    submit: "no",
    pass: "no",
    sendBack: "holder-or-operator",
    "archive Blocked": "holder-or-operator",
  },
  Done: { claim: "no", release: "no", submit: "no", pass: "no", sendBack: "no", "archive Blocked": "no" },
  Archived: { claim: "no", release: "no", submit: "no", pass: "no", sendBack: "no", "archive Blocked": "no" },
};

const ROLE_MAY: Record<Who, Record<Role, Record<Holding, boolean>>> = {
  yes: {
    observer: { none: false, mine: false, "other's": false },
    agent: { none: true, mine: true, "other's": true },
    operator: { none: true, mine: true, "other's": true },
    owner: { none: true, mine: true, "other's": true },
  },
  holder: {
    observer: { none: false, mine: false, "other's": false },
    agent: { none: false, mine: true, "other's": false },
    operator: { none: false, mine: true, "other's": false },
    owner: { none: false, mine: true, "other's": false },
  },
  "holder-or-operator": {
    observer: { none: false, mine: false, "other's": false },
    agent: { none: false, mine: true, "other's": false },
    operator: { none: true, mine: true, "other's": true },
    owner: { none: true, mine: true, "other's": true },
  },
  no: {
    observer: { none: false, mine: false, "other's": false },
    agent: { none: false, mine: false, "other's": false },
    operator: { none: false, mine: false, "other's": false },
    owner: { none: false, mine: false, "other's": false },
  },
};

const claimCells = STAGES.flatMap((stage) =>
  // The keys of a literal object are its declared ones.
  (Object.keys(CLAIM_EVENTS) as ClaimEvent[]).flatMap((name) =>
    HOLDINGS.flatMap((holding) =>
      ROLES.map((role) => ({
        stage,
        name,
        holding,
        role,
        accepted: ROLE_MAY[CLAIM_TRUTH[stage][name]][role][holding],
      })),
    ),
  ),
);

test.each(claimCells)("in $stage with the claim $holding, $name by an $role is accepted: $accepted", (cell) => {
  const state = stateIn(STAGE_STATES[cell.stage], holderOf[cell.holding]);
  const event = eventOf(CLAIM_EVENTS[cell.name], cell.role);
  expect(refusal(state, event) === undefined).toBe(cell.accepted);
  expect(transition(state, event).ok).toBe(cell.accepted);
});

const ROLES_TRUTH: Record<StageKind, Record<Role, boolean>> = {
  "item.start": { observer: false, agent: false, operator: true, owner: true },
  "item.shelve": { observer: false, agent: false, operator: true, owner: true },
  "item.claim": { observer: false, agent: true, operator: true, owner: true },
  "item.release": { observer: false, agent: true, operator: true, owner: true },
  "item.submit": { observer: false, agent: true, operator: true, owner: true },
  "item.pass": { observer: false, agent: true, operator: true, owner: true },
  "item.sendBack": { observer: false, agent: true, operator: true, owner: true },
  "item.land": { observer: false, agent: true, operator: true, owner: true },
  "item.archive": { observer: false, agent: false, operator: true, owner: true },
  "item.restore": { observer: false, agent: false, operator: true, owner: true },
};

test("each event is accepted in each stage as the graph and the role say, for the holder of the claim", () => {
  for (const stage of STAGES) {
    for (const kind of STAGE_KINDS) {
      for (const role of ROLES) {
        const state = stateIn(STAGE_STATES[stage], ME);
        const completed = kind === "item.archive" && stage === "Done";
        const body: StageBody = completed ? { kind, reason: "Completed", note: "" } : BODIES[kind];
        const expected = STAGE_GRAPH[stage][kind] !== null && ROLES_TRUTH[kind][role];
        expect([stage, kind, role, transition(state, eventOf(body, role)).ok]).toEqual([stage, kind, role, expected]);
      }
    }
  }
});

test("the least role of an event is the first that its row of the matrix allows, archiving as Blocked apart", () => {
  for (const kind of STAGE_KINDS) {
    const least = ROLES.find((role) => ROLES_TRUTH[kind][role]);
    expect([kind, ROLE_NEEDED[kind]]).toEqual([kind, kind === "item.archive" ? "agent" : least]);
  }
});

/** Every state a test can think of: all stages, landed or not, held or not. */
const everyState = (): ItemState[] => {
  const stages: StageState[] = [
    ...Object.values(STAGE_STATES),
    ...ARCHIVE_REASONS.map((reason) => ({ stage: "Archived", archivedAt: 1, reason, mergeCommit: null }) as const),
    { stage: "Archived", archivedAt: 1, reason: "Completed", mergeCommit: OID },
  ];
  return [newItemState, ...stages.flatMap((stage) => [null, ME, OTHER].map((holder) => stateIn(stage, holder)))];
};

const everyBody = (): StageBody[] => [
  ...Object.values(BODIES),
  ...ARCHIVE_REASONS.map((reason) => ({ kind: "item.archive", reason, note: "" }) as const),
  ...SEND_BACK_REASONS.map(
    (reason) => ({ kind: "item.sendBack", reason, note: "", progress: false, evidence: [] }) as const,
  ),
];

test("every accepted event leads along the graph and makes the state strictly greater", () => {
  let accepted = 0;
  for (const state of everyState()) {
    for (const body of everyBody()) {
      for (const role of ROLES) {
        const next = transition(state, eventOf(body, role));
        if (!next.ok) continue;
        accepted++;
        expect(STAGE_GRAPH[state.stage.stage][body.kind]).toBe(next.value.stage.stage);
        expect(compareState(next.value, state)).toBeGreaterThan(0);
        expect(compareState(state, next.value)).toBeLessThan(0);
        expect(next.value.epoch - state.epoch).toBeGreaterThanOrEqual(0);
        expect(Number(hasLanded(next.value))).toBeGreaterThanOrEqual(Number(hasLanded(state)));
      }
    }
  }
  expect(accepted).toBeGreaterThan(200);
});

const accept = (state: ItemState, body: StageBody, role: Role = "operator", member: string = ME): ItemState => {
  const next = transition(state, eventOf(body, role, member));
  if (!next.ok) throw new Error(next.error.message);
  return next.value;
};

const rejectionOf = (state: ItemState, body: StageBody, role: Role = "owner"): string | undefined =>
  refusal(state, eventOf(body, role))?.type;

// ── landing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test("landing is a fact: legal for any agent from every stage that has not landed, whoever holds the claim", () => {
  const land = eventOf(BODIES["item.land"], "agent");
  const [landed, others] = [everyState().filter(hasLanded), everyState().filter((state) => !hasLanded(state))];
  expect([landed.length, others.length]).not.toContain(0);
  for (const state of landed) expect(transition(state, land)).toMatchObject({ error: { type: "already-landed" } });
  for (const state of others) {
    const done = { stage: { stage: "Done", mergedAt: 99, mergeCommit: OID }, claim: null };
    expect(transition(state, land)).toMatchObject({ ok: true, value: done });
  }
});

test("a landed item is archived as Completed and as nothing else, and any other item never is", () => {
  const truth: Record<ArchiveReason, { landed: boolean; notLanded: boolean }> = {
    Completed: { landed: true, notLanded: false },
    Abandoned: { landed: false, notLanded: true },
    Superseded: { landed: false, notLanded: true },
    Blocked: { landed: false, notLanded: true },
    MergeFailed: { landed: false, notLanded: true },
    ReviewHeld: { landed: false, notLanded: true },
  };
  for (const reason of ARCHIVE_REASONS) {
    const body = { kind: "item.archive", reason, note: "" } as const;
    const done = stateIn(STAGE_STATES.Done, null);
    expect(rejectionOf(done, body)).toBe(truth[reason].landed ? undefined : "bad-data");
    for (const stage of ["Backlog", "Coding", "Qa", "Merge"] as const) {
      const state = stateIn(STAGE_STATES[stage], null);
      expect(rejectionOf(state, body)).toBe(truth[reason].notLanded ? undefined : "bad-data");
    }
  }
});

test("an agent archives only what it holds, and only as Blocked or MergeFailed", () => {
  for (const reason of ARCHIVE_REASONS) {
    const body = { kind: "item.archive", reason, note: "" } as const;
    const mine = refusal(stateIn(STAGE_STATES.Coding, ME), eventOf(body, "agent"));
    expect(mine === undefined).toBe(reason === "Blocked" || reason === "MergeFailed");
    for (const holder of [OTHER, null]) {
      expect(refusal(stateIn(STAGE_STATES.Coding, holder), eventOf(body, "agent"))).toBeDefined();
    }
    // Not even Completed, which is for a person to say.
    expect(refusal(stateIn(STAGE_STATES.Done, null), eventOf(body, "agent"))).toBeDefined();
  }
});

test("what landed stays landed when it is archived, and is never restored or landed again", () => {
  const archived = accept(stateIn(STAGE_STATES.Done, null), { kind: "item.archive", reason: "Completed", note: "" });
  expect(archived.stage).toEqual({ stage: "Archived", archivedAt: 1_234, reason: "Completed", mergeCommit: OID });
  expect(hasLanded(archived)).toBe(true);
  expect(rejectionOf(archived, BODIES["item.restore"])).toBe("already-landed");
  expect(rejectionOf(archived, BODIES["item.land"])).toBe("already-landed");
});

test("a restore brings an archived item to the Backlog in the next generation with everything counted from zero", () => {
  const restored = accept(stateIn(STAGE_STATES.Archived, null), BODIES["item.restore"]);
  expect(restored).toEqual({
    stage: { stage: "Backlog" },
    generation: 2,
    epoch: 4,
    claim: null,
    attempts: 0,
    noProgress: 0,
    overBudget: false,
    left: null,
    note: "again",
  });
});

// ── claims and attempts ─────────────────────────────────────────────────────────────────────────────────────────────

test("a claim raises the epoch, names its holder, and keeps the stage with its data", () => {
  const claimed = accept(stateIn(STAGE_STATES.Qa, OTHER), BODIES["item.claim"], "agent");
  expect(claimed.epoch).toBe(4);
  expect(claimed.claim).toEqual({ op: "ff", holder: ME, incarnation: "02", epoch: 4, ttlMs: 60_000, since: 1_234 });
  expect(claimed.stage).toEqual(STAGE_STATES.Qa);
});

test("a claim goes with the item from Coding to Merge, and every way back or out ends it", () => {
  let state = accept(stateIn(STAGE_STATES.Coding, ME), BODIES["item.submit"], "agent");
  state = accept(state, BODIES["item.pass"], "agent");
  expect(state.claim?.holder).toBe(ME);
  expect(state.epoch).toBe(3);
  expect(state.stage).toEqual({ ...feature, stage: "Merge", evidence: green });
  for (const kind of ["item.shelve", "item.release", "item.sendBack", "item.archive", "item.land"] as const) {
    expect([kind, accept(state, BODIES[kind]).claim]).toEqual([kind, null]);
  }
  for (const kind of ["item.shelve", "item.release", "item.sendBack"] as const) {
    expect([kind, accept(state, BODIES[kind]).epoch]).toEqual([kind, 4]);
  }
});

test("a branch of another item or of a coming epoch is not submitted", () => {
  const state = stateIn(STAGE_STATES.Coding, ME);
  const submit = (featureBranch: string): string | undefined =>
    rejectionOf(state, { kind: "item.submit", feature: { ...feature, featureBranch } }, "agent");
  expect(submit(`skein/${ITEM}/3`)).toBeUndefined();
  expect(submit(`skein/${ITEM}/1`)).toBeUndefined();
  expect(submit(`skein/${ITEM}/4`)).toBe("bad-data");
  expect(submit("skein/zzzzzzzzzzzz/3")).toBe("bad-data");
});

test("unfinished work is kept for the next attempt until something comes of it or somebody begins afresh", () => {
  const coding = stateIn(STAGE_STATES.Coding, ME);
  const left = { ...feature, featureBranch: `skein/${ITEM}/2` };
  const handed = accept(coding, { kind: "item.release", note: "", left }, "agent");
  expect(handed.left).toEqual(left);
  const claimed = accept(handed, BODIES["item.claim"], "agent");
  expect(claimed.left).toEqual(left);
  expect(accept(claimed, BODIES["item.release"], "agent").left).toEqual(left);
  const limited: StageBody = { ...BODIES["item.sendBack"], reason: "infrastructure" };
  expect(accept(claimed, limited, "agent").left).toEqual(left);
  expect(accept(claimed, { ...limited, left: { ...left, commitsAhead: 7 } }, "agent").left?.commitsAhead).toBe(7);
  expect(accept(claimed, { ...BODIES["item.sendBack"], reason: "gate-failed" }, "agent").left).toBeNull();
  expect(accept(claimed, BODIES["item.submit"], "agent").left).toBeNull();
  expect(accept(claimed, BODIES["item.shelve"]).left).toBeNull();
  const elsewhere = { ...left, featureBranch: "skein/zzzzzzzzzzzz/2" };
  expect(rejectionOf(coding, { kind: "item.release", note: "", left: elsewhere }, "agent")).toBe("bad-data");
  expect(rejectionOf(coding, { ...limited, left: elsewhere }, "agent")).toBe("bad-data");
});

test("a command that failed and then did not is flaky, and evidence; one that ended in failure is none", () => {
  const failed = { ...run, exitCode: 1 };
  const other = { ...run, argv: ["npm", "run", "lint"] };
  expect(isGreen({ tree: OID, runs: [] })).toBe(true);
  expect(isGreen({ tree: OID, runs: [failed, run, other] })).toBe(true);
  expect(isGreen({ tree: OID, runs: [run, failed, other] })).toBe(false);
  expect(isGreen({ tree: OID, runs: [failed, other] })).toBe(false);
});

test("evidence with a command that failed passes nothing", () => {
  const state = stateIn(STAGE_STATES.Qa, ME);
  const red: Evidence = { tree: OID, runs: [run, { ...run, exitCode: 1 }] };
  expect(rejectionOf(state, { kind: "item.pass", evidence: red }, "agent")).toBe("bad-data");
});

test.each(SEND_BACK_REASONS)(
  "a send-back for %s counts as an attempt unless the infrastructure or the money failed",
  (reason) => {
    const counts = reason !== "infrastructure" && reason !== "over-budget";
    const back = (progress: boolean): ItemState =>
      accept(
        stateIn(STAGE_STATES.Qa, ME),
        { kind: "item.sendBack", reason, note: "why", progress, evidence: [] },
        "agent",
      );
    expect(back(true)).toMatchObject({ attempts: counts ? 3 : 2, noProgress: counts ? 0 : 1, note: "why", epoch: 4 });
    expect(back(false)).toMatchObject({ attempts: counts ? 3 : 2, noProgress: counts ? 2 : 1 });
    expect(back(true).overBudget).toBe(reason === "over-budget");
  },
);

test("whoever takes or starts an item anew begins with an open purse", () => {
  for (const kind of ["item.claim", "item.shelve"] as const) {
    expect(accept(stateIn(STAGE_STATES.Coding, ME), BODIES[kind]).overBudget).toBe(false);
  }
  expect(accept(stateIn(STAGE_STATES.Archived, null), BODIES["item.restore"]).overBudget).toBe(false);
});

test("a holder that gives up ends an attempt, a person who archives does not", () => {
  const body = { kind: "item.archive", reason: "Blocked", note: "stuck" } as const;
  expect(accept(stateIn(STAGE_STATES.Coding, ME), body, "agent").attempts).toBe(3);
  expect(accept(stateIn(STAGE_STATES.Coding, OTHER), body, "operator").attempts).toBe(2);
  expect(accept(stateIn(STAGE_STATES.Coding, null), body, "operator").attempts).toBe(2);
});

test("shelving and restoring begin the count of attempts again, starting and claiming keep it", () => {
  expect(accept(stateIn(STAGE_STATES.Qa, ME), BODIES["item.shelve"])).toMatchObject({ attempts: 0, noProgress: 0 });
  expect(accept(stateIn(STAGE_STATES.Coding, null), BODIES["item.claim"])).toMatchObject({
    attempts: 2,
    noProgress: 1,
  });
});

test("a transition changes nothing of the state it starts from", () => {
  for (const state of everyState()) {
    const before = JSON.stringify(state);
    for (const body of everyBody()) transition(state, eventOf(body, "owner"));
    expect(JSON.stringify(state)).toBe(before);
  }
});
