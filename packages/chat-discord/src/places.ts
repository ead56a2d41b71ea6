/**
 * Which conversation a channel is: a room, a thread of one, or a person's direct messages. Discord says so when the bot
 * comes, and is asked once for what it has not said. What is known can always be asked for again, so the oldest is forgotten.
 */
import { ok, type Result } from "@skein/core";

import type { ApiFailure, Ask } from "./api.ts";
import { type DiscordChannel, channelSchema } from "./wire.ts";

export interface Place {
  readonly room: string;
  /** The thread's id, which is the id of the message that it began at. */
  readonly thread: string | null;
  readonly direct: boolean;
}

export interface Places {
  learn(channel: DiscordChannel): void;
  /** A channel that the bot may not look at is a room by itself. Asks with `ask` when it has to. */
  of(channel: string, ask: Ask): Promise<Result<Place, ApiFailure>>;
  /** Direct conversations that were seen. */
  direct(): readonly string[];
}

const KNOWN_MAX = 5_000;

const DIRECT = 1;
const THREADS: ReadonlySet<number> = new Set([10, 11, 12]);

export function placeOf({ id, type, parent_id: parent }: DiscordChannel): Place {
  if (THREADS.has(type) && typeof parent === "string") return { room: parent, thread: id, direct: false };
  return { room: id, thread: null, direct: type === DIRECT };
}

export function createPlaces(): Places {
  const known = new Map<string, Place>();
  const keep = (id: string, place: Place): Place => {
    known.delete(id);
    known.set(id, place);
    for (const oldest of known.keys()) {
      if (known.size <= KNOWN_MAX) break;
      known.delete(oldest);
    }
    return place;
  };
  return {
    learn: (channel) => void keep(channel.id, placeOf(channel)),
    direct: () => [...known.values()].filter(({ direct }) => direct).map(({ room }) => room),
    of: async (id, ask) => {
      const place = known.get(id);
      if (place !== undefined) return ok(place);
      const answer = await ask("GET", `/channels/${id}`);
      if (!answer.ok && answer.error.type !== "refused") return answer;
      const read = channelSchema.safeParse(answer.ok ? answer.value : undefined);
      // The refusal is kept as well: refused requests are counted by Discord.
      return ok(keep(id, read.success ? placeOf(read.data) : { room: id, thread: null, direct: false }));
    },
  };
}
