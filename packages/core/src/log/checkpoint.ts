/**
 * Checkpoints: an operator or owner signs which histories it held, each by the hash of its last frame, which stands for
 * everything that leads to it. So a node checks one by looking the frames up in its own feeds; nothing has to be computed
 * again, and a checkpoint means the same to every version of the fold.
 */
import { fromHex, toHex } from "../kernel/bytes.ts";
import type { Checkpoint } from "../member/membership.ts";
import type { MeshBody } from "../op/bodies.ts";
import { LIMITS } from "../op/limits.ts";
import type { Head, Heads } from "./heads.ts";
import type { Replica } from "./replica.ts";

export type Standing =
  /** Everything it names is here; `known` is the last seq of each of our branches that it covers. */
  | { readonly type: "held"; readonly known: ReadonlyMap<string, number> }
  /** Some of what it names has not arrived. */
  | { readonly type: "ahead" }
  /** It names histories of these feeds that are not the ones here. */
  | { readonly type: "contradicted"; readonly feeds: ReadonlySet<string> };

/** How a checkpoint stands to the log of this node, whoever signed it. */
export function standingOf({ tips }: Pick<Checkpoint, "tips">, replica: Pick<Replica, "compare">): Standing {
  const heads = new Map(
    tips.map((tip, place): [string, Head] => [
      String(place),
      { author: toHex(tip.author), incarnation: toHex(tip.incarnation), seq: tip.seq, frame: tip.frame },
    ]),
  );
  const compared = replica.compare(heads);
  if (!compared.lacking) return { type: "held", known: compared.known };
  return compared.disputed.size > 0 ? { type: "contradicted", feeds: compared.disputed } : { type: "ahead" };
}

/** What a checkpoint of these sealed heads says; undefined when there are more of them than one op can name. */
export function checkpointOf(heads: Heads, ops: number): Extract<MeshBody, { kind: "mesh.checkpoint" }> | undefined {
  const tips = [...heads.values()].flatMap(({ author, incarnation, seq, frame }) => {
    const key = fromHex(author);
    const life = fromHex(incarnation);
    return key === undefined || life === undefined || frame === null || seq === 0
      ? []
      : [{ author: key, incarnation: life, seq, frame }];
  });
  return tips.length > LIMITS.checkpointTips ? undefined : { kind: "mesh.checkpoint", tips, ops };
}
