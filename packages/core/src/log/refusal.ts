/** Why a frame was not taken into the log. Nothing changes when one is returned. */
export interface FrameRefusal {
  readonly type:
    | "malformed-frame"
    | "malformed-op"
    | "wrong-mesh"
    /** No op here names its author: ask for it. */
    | "not-a-member"
    | "removed"
    /** Frames of this feed are missing in between: ask for them. */
    | "gap"
    /** An op it builds on is not here: ask for it. */
    | "missing-dependency"
    /** It continues a history of its feed that is not here, while another one is: ask where the two part. */
    | "disputed"
    /** An op does not name the op before it. */
    | "broken-chain"
    | "bad-lamport"
    | "bad-signature";
  readonly message: string;
  /** The feed's id, when the refusal is about its place in the feed. */
  readonly feed?: string;
}

/** These come from ordinary delay and heal by asking again; every other refusal is the fault of who sent the frame. */
export const isOutOfOrder = ({ type }: FrameRefusal): boolean =>
  type === "gap" || type === "missing-dependency" || type === "disputed" || type === "not-a-member";
