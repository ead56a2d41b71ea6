/** The frames of Socket Mode, read here and not by the library, which throws on some and logs all of them. Pure. */
import { z } from "zod";

export type Frame =
  | { readonly type: "hello" }
  | { readonly type: "disconnect"; readonly reason: string }
  | { readonly type: "envelope"; readonly envelope: Envelope }
  | { readonly type: "other" };

export interface Envelope {
  readonly id: string;
  readonly kind: "events_api" | "slash_commands" | "interactive";
  readonly payload: unknown;
}

const frame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello") }),
  z.object({ type: z.literal("disconnect"), reason: z.string().max(200).default("") }),
  z.object({
    type: z.enum(["events_api", "slash_commands", "interactive"]),
    envelope_id: z.string().min(1).max(200),
    payload: z.unknown(),
  }),
]);

/** Slack's own limit of a payload is far below. */
const FRAME_CHARS_MAX = 4 * 1024 * 1024;

export function readFrame(data: unknown): Frame {
  const parsed = frame.safeParse(parseJson(data));
  if (!parsed.success) return { type: "other" };
  switch (parsed.data.type) {
    case "hello":
      return { type: "hello" };
    case "disconnect":
      return { type: "disconnect", reason: parsed.data.reason };
    default: {
      const { envelope_id: id, type: kind, payload } = parsed.data;
      return { type: "envelope", envelope: { id, kind, payload } };
    }
  }
}

/** Undefined for what is no JSON text. */
export function parseJson(data: unknown): unknown {
  if (typeof data !== "string" || data.length > FRAME_CHARS_MAX) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
