/** Why a frame was not taken into the log. Nothing changes when one is returned. */
export interface FrameRefusal {
  readonly type:
    | "malformed-frame"
    | "malformed-op"
    | "wrong-mesh"
    | "not-a-member"
    | "removed"
    /** Frames of this feed are missing in between: ask for them. */
    | "gap"
    /** An op it builds on is not here: ask for it. */
    | "missing-dependency"
    /** The feed's author wrote two different frames at one place. */
    | "equivocation"
    | "broken-chain"
    | "bad-lamport"
    | "bad-signature";
  readonly message: string;
}

/** These come from ordinary delay and heal by asking again; every other refusal is the fault of who sent the frame. */
export const isOutOfOrder = (refusal: FrameRefusal): boolean =>
  refusal.type === "gap" || refusal.type === "missing-dependency";
