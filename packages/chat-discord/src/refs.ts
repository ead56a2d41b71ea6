/**
 * The ids of messages as the mesh sees them. A thread is a channel of its own on Discord, and a message is only found in its
 * channel, so the id of a message in a thread carries the thread: `<thread>/<message>`. Elsewhere it is the bare id, which
 * is also the id of the thread that may begin there.
 */
import type { Place } from "./places.ts";
import { snowflake } from "./snowflake.ts";

export const messageRef = (place: Place, id: string): string => (place.thread === null ? id : `${place.thread}/${id}`);

export interface Found {
  readonly channel: string;
  readonly message: string;
}

/** Undefined for what is no id of Discord. */
export function findRef(room: string, ref: string): Found | undefined {
  const [first = "", second] = ref.split("/");
  const found = second === undefined ? { channel: room, message: first } : { channel: first, message: second };
  return isId(found.channel) && isId(found.message) ? found : undefined;
}

export const isId = (text: string): boolean => snowflake.safeParse(text).success;
