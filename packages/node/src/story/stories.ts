/** The stories that people edit together on this node: a room for each, as long as somebody is in it. */
import { err, isLive, ok, storyStateOf } from "@skein/core";

import { createRoom, type Room, type RoomDeps } from "./room.ts";
import type { Cursor, Stories } from "./story-api.ts";

export interface StoryRooms extends Stories {
  /** These items changed; undefined when any may have. */
  changed(items: ReadonlySet<string> | undefined): void;
  /** A cursor of another node moved, or is gone. */
  heard(item: string, client: number, cursor: Cursor | undefined): void;
  /** Cursors of this node's own sessions, by item. */
  ownCursors(): ReadonlyMap<string, readonly Cursor[]>;
  stop(): void;
}

/** Rooms at once; each keeps a story in memory. */
const ROOMS_MAX = 64;

const UNSOUND =
  "A member has signed pieces of this story that no editor makes. Write the text as a whole with skein item edit.";

export function createStories(deps: RoomDeps): StoryRooms {
  const rooms = new Map<string, Room>();
  return {
    open: (item, name, seat) => {
      const found = deps.replica.view().items.get(item);
      if (found === undefined || !isLive(found))
        return err({ code: "not-found", message: `There is no item ${item}.` });
      if (!storyStateOf(found).isSound) return err({ code: "unavailable", message: UNSOUND });
      for (const [id, room] of rooms) if (room.isEmpty()) rooms.delete(id);
      if (!rooms.has(item) && rooms.size >= ROOMS_MAX) {
        return err({ code: "unavailable", message: `${ROOMS_MAX} stories are open on this node already. Close one.` });
      }
      const room = rooms.get(item) ?? createRoom(item, deps);
      rooms.set(item, room);
      return ok(room.enter(name, seat));
    },
    changed: (items) => {
      if (rooms.size === 0) return;
      for (const [item, room] of rooms) if (items === undefined || items.has(item)) room.look();
    },
    heard: (item, client, cursor) => rooms.get(item)?.cursor(client, cursor),
    ownCursors: () => new Map([...rooms].map(([item, room]) => [item, room.ownCursors()] as const)),
    stop: () => {
      for (const room of rooms.values()) room.end({ type: "again", message: "The node is stopping." });
    },
  };
}
