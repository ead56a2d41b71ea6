/**
 * I1, I3 and I8, frame by frame and without the code that took them in: each is signed by its author, or in a pack one that
 * continues it, each op names the one
 * before it in its feed, and its stamp is one more than the greatest of what it names. So no stamp can be greater than the
 * number of ops there are, whatever a member writes.
 */
import { framesOf, isCovered, type PackedFrame, toHex } from "@skein/core";

import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

export const stamps: MakeChecker = (world) => ({
  onEnd: () => {
    // The logs are equal by now; if they are not, I7 says so.
    const [machine] = correctMachines(world);
    const frames = machine?.disk.frames() ?? [];
    const stampOf = new Map<string, number>();
    for (const { bytes, position } of frames) {
      const problem = problemOf(world, bytes, stampOf);
      if (problem === undefined) continue;
      world.violate(problem.id, `${machine?.name ?? ""}, frame ${position}: ${problem.message}`);
      return;
    }
  },
});

type Problem = { readonly id: "I1" | "I3" | "I8"; readonly message: string } | undefined;

function problemOf({ crypto }: World, bytes: Uint8Array, stampOf: Map<string, number>): Problem {
  const frames = framesOf(bytes, crypto);
  if (!frames.ok) return { id: "I1", message: "it cannot be read" };
  // The signature of a frame that a later one continues proves nothing more, and nobody looks at it.
  if (!isCovered(frames.value, crypto)) return { id: "I1", message: "its author did not sign it" };
  for (const frame of frames.value) {
    const problem = misplaced(frame, stampOf);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function misplaced({ header, ops }: PackedFrame, stampOf: Map<string, number>): Problem {
  for (const [index, { op, id }] of ops.entries()) {
    const { prev, on, after, seq, lamport } = op;
    const before = index === 0 ? prev : (header.opIds[index - 1] ?? null);
    const isChained =
      (seq === 1) === (prev === null) && toHex(before ?? new Uint8Array()) === toHex(prev ?? new Uint8Array());
    if (!isChained || seq !== header.firstSeq + index)
      return { id: "I3", message: `op ${seq} does not name the op before it` };
    const named = [prev, on, after].flatMap((one) => (one === null ? [] : [toHex(one)]));
    if (named.some((one) => !stampOf.has(one))) return { id: "I3", message: "an op names one that is not before it" };
    const least = 1 + Math.max(0, ...named.map((one) => stampOf.get(one) ?? 0));
    if (lamport !== least) return { id: "I8", message: `its stamp ${lamport} must be ${least}` };
    stampOf.set(id, lamport);
  }
  return undefined;
}
