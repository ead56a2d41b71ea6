/** The stories and criteria that people edit together on this node: a room for each, as long as somebody is in it. */
import { err, isLive, ok, type StoryText, storyStateOf } from "@skein/core";

import { createRoom, type Room, type RoomDeps } from "./room.ts";
import type { Cursor, Stories } from "./story-api.ts";

export interface StoryRooms extends Stories {
  /** These items changed; undefined when any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  /** A cursor of another node moved, or is gone. */
  heard(at: StoryText, client: number, cursor: Cursor | undefined): void;
  /** Cursors of this node's own sessions. */
  ownCursors(): readonly (readonly [at: StoryText, cursors: readonly Cursor[]])[];
  stop(): void;
}

/** Rooms at once; each keeps a story in memory. */
const ROOMS_MAX = 64;

const UNSOUND =
  "A member has signed pieces of this text that no editor makes. Write it as a whole with skein item edit.";

const nameOf = ({ item, field }: StoryText): string => `${item} ${field}`;

export function createStories(deps: RoomDeps): StoryRooms {
  const rooms = new Map<string, Room>();
  return {
    open: (at, who, seat) => {
      const { item, field } = at;
      const found = deps.replica.view().items.get(item);
      if (found === undefined || !isLive(found))
        return err({ code: "not-found", message: `There is no item ${item}.` });
      if (!storyStateOf(found, field).isSound) return err({ code: "unavailable", message: UNSOUND });
      for (const [key, room] of rooms) if (room.isEmpty()) rooms.delete(key);
      const key = nameOf(at);
      if (!rooms.has(key) && rooms.size >= ROOMS_MAX) {
        return err({ code: "unavailable", message: `${ROOMS_MAX} stories are open on this node already. Close one.` });
      }
      const room = rooms.get(key) ?? createRoom(at, deps);
      rooms.set(key, room);
      return ok(room.enter(who, seat));
    },
    changed: (items) => {
      if (rooms.size === 0) return;
      for (const room of rooms.values()) if (items === undefined || items.has(room.at.item)) room.look();
    },
    heard: (at, client, cursor) => rooms.get(nameOf(at))?.cursor(client, cursor),
    ownCursors: () => [...rooms.values()].map((room) => [room.at, room.ownCursors()] as const),
    stop: () => {
      for (const room of rooms.values()) room.end({ type: "again", message: "The node is stopping." });
    },
  };
}
