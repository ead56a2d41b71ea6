/** A checker implements the hooks it needs; the files beside this one are named after the invariant they hold. */
import type { Hooks, World } from "../world.ts";

export type Checker = Partial<Hooks>;

export type MakeChecker = (world: World) => Checker;

/** All checkers as one. */
export function joinCheckers(checkers: readonly Checker[]): Hooks {
  const all = <K extends keyof Hooks>(name: K): readonly NonNullable<Checker[K]>[] =>
    checkers.flatMap((checker) => checker[name] ?? []);
  const [published, deliveries, views, claims] = [all("onPublish"), all("onDelivered"), all("onView"), all("onClaim")];
  const [moves, greens, texts, spawns] = [all("onMoved"), all("onGreen"), all("onArgument"), all("onSpawn")];
  const [stored, ends] = [all("onStored"), all("onEnd")];
  const [safe, spoken, posted] = [all("onSafe"), all("onSpoke"), all("onPost")];
  return {
    onPublish: (machine, frames) => {
      for (const hook of published) hook(machine, frames);
    },
    onStored: (machine, frames) => {
      for (const hook of stored) hook(machine, frames);
    },
    onDelivered: (from, to, bytes) => {
      for (const hook of deliveries) hook(from, to, bytes);
    },
    onView: (machine) => {
      for (const hook of views) hook(machine);
    },
    onClaim: (machine, claim) => {
      for (const hook of claims) hook(machine, claim);
    },
    onMoved: (to) => {
      for (const hook of moves) hook(to);
    },
    onGreen: (commit) => {
      for (const hook of greens) hook(commit);
    },
    onArgument: (what, text, isValid) => {
      for (const hook of texts) hook(what, text, isValid);
    },
    onSpawn: (spec) => {
      for (const hook of spawns) hook(spec);
    },
    onSafe: (machine, flavor, events) => {
      for (const hook of safe) hook(machine, flavor, events);
    },
    onSpoke: (machine, account, what) => {
      for (const hook of spoken) hook(machine, account, what);
    },
    onPost: (post, isAgain) => {
      for (const hook of posted) hook(post, isAgain);
    },
    onEnd: () => {
      for (const hook of ends) hook();
    },
  };
}
