/**
 * What the stories of a night do and where each has to end: of the simulated one, and of the rehearsal with real processes
 * (test/rehearsal/). What a story does follows from the seed.
 */

export interface Behavior {
  readonly name: string;
  /** What the agent does, for the table. */
  readonly words: string;
  readonly ends: Ending;
}

export interface Ending {
  readonly stage: "Done" | "Archived" | "Coding";
  /** Attempts that have counted. What was nobody's fault (a kill, a limit of the provider) does not. */
  readonly attempts: readonly [least: number, most: number];
  /** What the item's reason has to say. */
  readonly why: RegExp;
}

/** Of the project: small, so that a night sees both caps at work. */
export const RETRIES = { noProgress: 2, total: 4 } as const;

const done = (attempts: number): Ending => ({ stage: "Done", attempts: [attempts, attempts], why: /./ });

/** Archived as Blocked. */
const blocked = (least: number, most: number, why: RegExp): Ending => ({
  stage: "Archived",
  attempts: [least, most],
  why,
});

const STUCK = /attempts without progress/;
const TOO_MANY = /attempts were not enough/;
const EITHER = /attempts (?:without progress|were not enough)/;

/** The first twelve are in every night of twelve stories or more. */
export const BEHAVIORS: readonly Behavior[] = [
  { name: "works", words: "works", ends: done(0) },
  { name: "mends", words: "breaks the tests, then mends them", ends: done(1) },
  { name: "breaks", words: "breaks the tests for ever, each time in another way", ends: blocked(4, 4, TOO_MANY) },
  { name: "hangs", words: "hangs until its limit, then works", ends: done(1) },
  // Its tree is another one each time that something else has landed meanwhile. And the first attempt shows no progress either
  // when a node that was cut off has judged the same tree already, in an attempt that lost and does not count.
  { name: "loops", words: "breaks the tests for ever, each time in the same way", ends: blocked(2, 4, EITHER) },
  { name: "floods", words: "floods the protocol, then works", ends: done(1) },
  { name: "throttled", words: "is told to wait by its provider, and goes on", ends: done(0) },
  { name: "lies", words: "says that it is done without a commit, then works", ends: done(1) },
  { name: "lies-for-ever", words: "says so for ever", ends: blocked(2, 2, STUCK) },
  { name: "daemons", words: "works, and leaves daemons", ends: done(0) },
  { name: "crashes", words: "commits, and crashes", ends: done(0) },
  {
    name: "spends",
    words: "spends more than an attempt may cost",
    ends: { stage: "Coding", attempts: [0, 0], why: /It waits for money/ },
  },
  { name: "hangs-for-ever", words: "hangs until its limit for ever", ends: blocked(2, 2, STUCK) },
  { name: "babbles", words: "talks until its limit, then works", ends: done(1) },
  { name: "spills", words: "floods its log, then works", ends: done(1) },
];
const CORE = 12;
const PLAIN = 0.4;

export interface Story {
  readonly title: string;
  readonly behavior: Behavior;
}

export function drawStories(
  count: number,
  random: () => number,
  behaviors: readonly Behavior[] = BEHAVIORS,
): readonly Story[] {
  const [first] = behaviors;
  if (first === undefined) throw new Error("there are behaviors");
  const sure = behaviors.slice(0, count >= behaviors.length ? behaviors.length : CORE);
  const drawn = Array.from({ length: Math.max(0, count - sure.length) }, () =>
    random() < PLAIN ? first : (behaviors[Math.floor(random() * behaviors.length)] ?? first),
  );
  const mixed = [...sure, ...drawn]
    .map((behavior) => ({ behavior, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, count);
  return mixed.map(({ behavior }, at) => ({ title: `Story ${at + 1}: ${behavior.words}`, behavior }));
}

/** What of an item says where it has ended, as `item.show` answers. */
export interface EndedItem {
  readonly stage: string;
  readonly archiveReason: string | null;
  readonly attempts: number;
  readonly note: string;
  readonly why: readonly string[];
}

/** In words what is not as it should be with this item; undefined when all is. */
export function notEnded({ stage, archiveReason, attempts, note, why }: EndedItem, ends: Ending): string | undefined {
  const said = `${note} ${why.join(" ")}`;
  if (stage !== ends.stage) return `is in ${stage} and has to end in ${ends.stage}: ${said}`;
  if (stage === "Archived" && archiveReason !== "Blocked") return `is archived as ${archiveReason}: ${said}`;
  if (!ends.why.test(said)) return `does not say ${String(ends.why)}: ${said}`;
  const [least, most] = ends.attempts;
  if (attempts >= least && attempts <= most) return undefined;
  return `has used up ${attempts} attempts and not ${least === most ? least : `${least} to ${most}`}: ${said}`;
}

/** Where a behavior leads, in a word or two for the table. */
export const goalOf = ({ ends }: Behavior): string =>
  ends.stage === "Archived" ? "Blocked" : ends.stage === "Done" ? "Done" : "waits for money";
