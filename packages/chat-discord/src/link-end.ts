/** What the end of a connection means for the next one. */
import type { LinkEnd } from "./gateway-link.ts";

export interface Meaning {
  /** `fatal`: only a person can change it. `new-session`: the old one cannot be resumed. */
  readonly type: "again" | "new-session" | "fatal";
  /** For people. */
  readonly reason: string;
}

/** Discord's close codes after which dialing again is pointless, and what has to be done. */
const FATAL: Readonly<Record<number, string>> = {
  4004: "Discord refused the bot's token (4004): put a new one into this account's configuration",
  4010: "Discord refused the shard (4010): this is an error in Skein",
  4011: "Discord wants the bot split into shards (4011), which Skein does not do: take it out of some servers",
  4012: "Discord no longer speaks this version of its gateway (4012): Skein has to be updated",
  4013: "Discord does not know the intents that were asked for (4013): Skein has to be updated",
  4014: "Discord does not allow this bot to read messages (4014): turn on Message Content Intent in the developer portal, or set messageContent: false",
};

/** Not authenticated, authenticated twice, invalid sequence, session timed out. */
const WITHOUT_SESSION: ReadonlySet<number> = new Set([4003, 4005, 4007, 4009]);

export function meaningOf(end: LinkEnd): Meaning {
  switch (end.type) {
    case "closed": {
      const fatal = FATAL[end.code];
      if (fatal !== undefined) return { type: "fatal", reason: fatal };
      const reason = `the connection was closed (${end.code})`;
      return { type: WITHOUT_SESSION.has(end.code) ? "new-session" : "again", reason };
    }
    case "invalid-session":
      return end.mayResume
        ? { type: "again", reason: "Discord cannot resume the session yet" }
        : { type: "new-session", reason: "Discord does not know the session any more" };
    case "reconnect":
      return { type: "again", reason: "Discord asked for a new connection" };
    case "silent":
      return { type: "again", reason: `Discord sent no ${end.waitedFor}` };
    case "garbage":
      return { type: "again", reason: "what came was not Discord's gateway" };
    case "left":
      return { type: "again", reason: "this node left" };
  }
}
