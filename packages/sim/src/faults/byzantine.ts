/** One fault class for each behavior of a member that does not play by the rules; all of a seed's share one such member. */
import { type Behavior, BEHAVIORS } from "../byzantine/behaviors.ts";
import { writeHostileEdits } from "../byzantine/hostile-edits.ts";
import type { ByzantinePeer } from "../byzantine/peer.ts";
import { drawInt } from "../kernel/streams.ts";
import { type Fault, nothing, repeatedly } from "./fault.ts";

/** The peer is made when the mesh is there; the faults are armed before. */
export interface ByzantineSeat {
  peer: ByzantinePeer | undefined;
}

export const byzantineFaults = (seat: ByzantineSeat): readonly Fault[] =>
  [...BEHAVIORS, writeHostileEdits].map((one) => faultOf(one, seat));

const faultOf = ({ name, about, seen, act }: Behavior, seat: ByzantineSeat): Fault => ({
  name,
  about,
  chance: 0.15,
  arm: (context) => {
    const everyMs = drawInt(context.prng, 400, 4_000);
    return {
      settings: { everyMs },
      start: repeatedly(context, everyMs, () => {
        const { peer } = seat;
        if (peer === undefined || peer.links().length === 0) return;
        context.world.trace.line(peer.life.name, name);
        act(peer);
        if (seen !== undefined) context.world.note(seen);
      }),
      heal: nothing,
    };
  },
});
