/**
 * The position in the homeserver's stream as it is kept between nodes. It names the user that it is from: another homeserver
 * would take the same position for one of its own and tell history as news.
 */
import { createHash } from "node:crypto";

const FINGERPRINT_CHARS = 12;

export const toCursor = (userId: string, position: string): string => `${fingerprint(userId)}.${position}`;

/** Undefined when it is another user's. */
export function fromCursor(userId: string, cursor: string): string | undefined {
  const prefix = `${fingerprint(userId)}.`;
  return cursor.startsWith(prefix) ? cursor.slice(prefix.length) : undefined;
}

const fingerprint = (userId: string): string =>
  createHash("sha256").update(userId).digest("hex").slice(0, FINGERPRINT_CHARS);
