/**
 * Is the target branch itself green? Asked only once something on top of it is red, and once per commit: somebody who is not
 * to blame must not lose an attempt, and everybody else must not wait for a gate run that nobody needs.
 */
import type { Clock, Oid } from "../ports.ts";
import { type AttemptContext, currentBase } from "./attempt-context.ts";
import { runGate } from "./gate.ts";
import { pause } from "./wait.ts";

/** What the gate said of trees and of commits of the target branch, on this node. */
export interface Verdicts {
  of(oid: Oid): "green" | "red" | undefined;
  remember(oid: Oid, verdict: "green" | "red"): void;
  /** The gate ran on the target branch itself. */
  judgedTarget(commit: Oid, verdict: "green" | "red"): void;
  /** Undefined while it is green as far as this node knows, or was not asked lately. */
  redTarget(): RedTarget | undefined;
}

export interface RedTarget {
  /** The commit of the target branch that was found red last. */
  readonly commit: Oid;
  /** The first one that was found red, and when (Unix ms); it has not been found green since. */
  readonly since: Oid;
  readonly sinceMs: number;
}

const REMEMBERED = 500;
/** A registry that was away makes everything red, and nobody would have to mend anything: red is asked again after this. */
const RED_MS = 10 * 60_000;

export function createVerdicts(clock: Clock): Verdicts {
  const known = new Map<Oid, { readonly verdict: "green" | "red"; readonly atMs: number }>();
  const of = (oid: Oid): "green" | "red" | undefined => {
    const { verdict, atMs } = known.get(oid) ?? { verdict: undefined, atMs: 0 };
    return verdict === "red" && clock.monoMs() - atMs >= RED_MS ? undefined : verdict;
  };
  let red: RedTarget | undefined;
  return {
    of,
    judgedTarget: (commit, verdict) => {
      const first = red ?? { since: commit, sinceMs: clock.wallMs() };
      red = verdict === "green" ? undefined : { ...first, commit };
    },
    redTarget: () => (red !== undefined && of(red.commit) === "red" ? red : undefined),
    remember: (oid, verdict) => {
      known.delete(oid);
      known.set(oid, { verdict, atMs: clock.monoMs() });
      const [oldest] = known.keys();
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    },
  };
}

/** Undefined when the attempt was stopped meanwhile. */
export async function targetIsRed(context: AttemptContext, target: Oid): Promise<boolean | undefined> {
  const known = context.verdicts.of(target);
  if (known !== undefined) return known === "red";
  const { base } = context.project.project;
  context.note(`Is ${base} itself green? Running the gate on ${target.slice(0, 12)}.`);
  const verdict = await runGate(context, { commit: target, tree: target });
  if (!verdict.ok) return undefined;
  const { type } = verdict.value;
  context.verdicts.remember(target, type);
  context.verdicts.judgedTarget(target, type);
  if (type === "red")
    context.note(`${base} is red by itself at ${target.slice(0, 12)}: nobody is blamed until it moves.`);
  return type === "red";
}

const LOOK_MS = 5_000;

/** Or until it is time to ask again. */
export async function untilTargetMoves(context: AttemptContext, target: Oid): Promise<void> {
  const { base } = context.project.project;
  while (!context.signal.aborted && context.verdicts.of(target) === "red") {
    context.say(`waiting: ${base} is red at ${target.slice(0, 12)}; mend it there`);
    await pause(context.deps.clock, LOOK_MS, context.signal);
    const now = await currentBase(context);
    if (now === undefined || now !== target) return;
  }
}
