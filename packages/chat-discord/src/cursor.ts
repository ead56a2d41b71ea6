/**
 * Where the way in is, small enough to travel through the mesh: Discord's session with the last sequence number that was
 * made durable, so that the next holder resumes it, and the newest message, so that it can look for what came since when the
 * session is gone.
 *
 * A cursor comes from another machine, and whoever resumes sends the bot's token to the address in it. So only an address
 * beside the configured gateway is taken.
 */
import { z } from "zod";

import { snowflake } from "./snowflake.ts";

export interface Session {
  readonly id: string;
  /** Where Discord wants it resumed, without a query. */
  readonly url: string;
  /** Everything up to here is durable. */
  readonly sequence: number;
}

export interface Cursor {
  readonly session: Session | undefined;
  /** The newest message that is durable; undefined while there was none. */
  readonly watermark: string | undefined;
  /** Nothing up to here was ever meant for the bot: it had not come yet. */
  readonly floor: string | undefined;
}

export const START: Cursor = { session: undefined, watermark: undefined, floor: undefined };

/** The port's limit. */
const CURSOR_MAX = 200;

const schema = z.object({
  s: z.tuple([z.string().min(1).max(100), z.string().max(100), z.number().int().min(0)]).optional(),
  w: snowflake.optional(),
  f: snowflake.optional(),
});

export function encodeCursor({ session, watermark, floor }: Cursor): string {
  const rest = { w: watermark, f: floor };
  const full = JSON.stringify({ s: session && [session.id, session.url, session.sequence], ...rest });
  // Without the session nothing is lost: the next holder looks for messages instead.
  return full.length <= CURSOR_MAX ? full : JSON.stringify(rest);
}

export function decodeCursor(text: string | undefined, gateway: string): Cursor {
  if (text === undefined) return START;
  const read = schema.safeParse(fromJson(text));
  if (!read.success) return START;
  const { s, w, f } = read.data;
  const session = s !== undefined && isBeside(s[1], gateway) ? { id: s[0], url: s[1], sequence: s[2] } : undefined;
  return { session, watermark: w, floor: f };
}

const DISCORD = ".discord.gg";

/** The same host, or one of Discord's when the gateway is Discord's; with the same scheme and port. */
export function isBeside(url: string, gateway: string): boolean {
  const [one, other] = [fromUrl(url), fromUrl(gateway)];
  if (one === undefined || other === undefined) return false;
  if (one.protocol !== other.protocol || one.port !== other.port) return false;
  if (one.username !== "" || one.password !== "") return false;
  return one.hostname === other.hostname || (one.hostname.endsWith(DISCORD) && other.hostname.endsWith(DISCORD));
}

function fromUrl(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
