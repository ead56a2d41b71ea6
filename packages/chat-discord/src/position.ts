/**
 * How far the way in has come. What is handed to the mesh as cursor never says more than what is durable, and it names no
 * session while messages from before that session still have to be looked for.
 */
import type { IngressHost } from "@skein/chat";

import { type Cursor, decodeCursor, encodeCursor, type Session } from "./cursor.ts";
import { newer } from "./snowflake.ts";

export interface Position {
  cursor(): Cursor;
  /** Messages since the watermark have not been looked for yet, and the session does not bring them. */
  isGap(): boolean;
  began(session: Session): void;
  lost(): void;
  /** Nothing before this is meant for the bot. Only the first one counts. */
  founded(floor: string): void;
  /** Everything up to this of the session is durable. */
  reached(sequence: number, newest: string | undefined, hadEvents: boolean): void;
  bridged(newest: string | undefined): void;
  flush(): void;
}

/** What concerns nobody moves the cursor only now and then: it is news for the whole mesh. */
const QUIET_MAX = 50;

export function createPosition(host: IngressHost, gateway: string): Position {
  let { session, watermark, floor } = decodeCursor(host.cursor, gateway);
  let isGap = session === undefined;
  let told = host.cursor;
  let quiet = 0;
  const flush = (): void => {
    const next = encodeCursor({ session: isGap ? undefined : session, watermark, floor });
    quiet = 0;
    if (next === told) return;
    told = next;
    host.moved(next);
  };
  const founded = (first: string): void => {
    floor ??= first;
    watermark ??= floor;
  };
  return {
    cursor: () => ({ session, watermark, floor }),
    isGap: () => isGap,
    began: (one) => {
      session = one;
      isGap = true;
    },
    lost: () => {
      session = undefined;
      isGap = true;
      flush();
    },
    founded: (first) => {
      founded(first);
      flush();
    },
    reached: (sequence, newest, hadEvents) => {
      if (session !== undefined && sequence > session.sequence) session = { ...session, sequence };
      watermark = newer(watermark, newest);
      if (watermark !== undefined) founded(watermark);
      quiet++;
      if (hadEvents || quiet >= QUIET_MAX) flush();
    },
    bridged: (newest) => {
      isGap = false;
      watermark = newer(watermark, newest);
      flush();
    },
    flush,
  };
}
