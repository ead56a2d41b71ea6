/** The tabs of one browser have one session at a node: when somebody signs in anew in one of them, the others hear of it. */
const CHANNEL = "skein.signed-in";

export interface OtherTabs {
  /** Told to all but this one, once everything of the one before is forgotten. */
  readonly tellSignedIn: () => void;
}

export function hearOtherTabs(onSignedIn: () => void): OtherTabs {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", onSignedIn);
  return { tellSignedIn: () => channel.postMessage("") };
}
