/** The form of what the homeserver sends, as far as it is read. Every event is judged by itself: one that is malformed is nobody's. */
import { z } from "zod";

const id = z.string().min(1).max(255);

const roomEventSchema = z.object({
  event_id: id,
  type: z.string(),
  sender: id,
  origin_server_ts: z.int().nonnegative(),
  state_key: z.string().optional(),
  content: z.record(z.string(), z.unknown()),
  /** What a redaction removes, in rooms of older versions. */
  redacts: id.optional().catch(undefined),
  unsigned: z
    .object({ prev_content: z.record(z.string(), z.unknown()).optional() })
    .optional()
    .catch(undefined),
});

export type RoomEvent = Readonly<z.output<typeof roomEventSchema>> & {
  /** What was decrypted has an id that is not the event's; never read from the homeserver. */
  readonly clearId?: string;
};

const strippedStateSchema = z.object({
  type: z.string(),
  sender: id,
  state_key: z.string(),
  content: z.record(z.string(), z.unknown()),
});

/** What fits of a list that a stranger wrote. */
const listOf = <T>(schema: z.ZodType<T>): z.ZodType<readonly T[]> =>
  z
    .array(z.unknown())
    .default([])
    .transform((items) => items.flatMap((item) => schema.safeParse(item).data ?? []));

const events = listOf(roomEventSchema);
const eventList = z.object({ events }).default({ events: [] });

const joinedRoomSchema = z.object({
  timeline: z
    .object({ events, limited: z.boolean().default(false), prev_batch: z.string().optional() })
    .default({ events: [], limited: false }),
  state: eventList,
  summary: z.object({ "m.joined_member_count": z.int().optional() }).default({}).catch({}),
});

export type JoinedRoom = Readonly<z.output<typeof joinedRoomSchema>>;

const invitedRoomSchema = z.object({
  invite_state: z.object({ events: listOf(strippedStateSchema) }).default({ events: [] }),
});

export type InvitedRoom = Readonly<z.output<typeof invitedRoomSchema>>;

const strings = listOf(z.string());

export const syncSchema = z.object({
  next_batch: z.string().min(1),
  rooms: z
    .object({
      join: z.record(z.string(), joinedRoomSchema).default({}),
      invite: z.record(z.string(), invitedRoomSchema).default({}),
    })
    .default({ join: {}, invite: {} }),
  to_device: z.object({ events: z.array(z.unknown()).default([]) }).default({ events: [] }),
  device_lists: z.object({ changed: strings, left: strings }).default({ changed: [], left: [] }),
  device_one_time_keys_count: z.record(z.string(), z.int().nonnegative()).default({}).catch({}),
  device_unused_fallback_key_types: strings.optional().catch(undefined),
});

export type SyncAnswer = Readonly<z.output<typeof syncSchema>>;

export const pageSchema = z.object({ chunk: events, state: events, end: z.string().optional() });

export type Page = Readonly<z.output<typeof pageSchema>>;

/** A room of which a sync says nothing new. */
export const QUIET_ROOM: JoinedRoom = joinedRoomSchema.parse({});

export const whoamiSchema = z.object({ user_id: id });
export const deviceSchema = z.object({ user_id: id, device_id: id });
export const profileSchema = z.object({ displayname: z.string().optional() });
/** Which algorithm it is does not matter here: any one makes what is written in clear suspicious. */
export const encryptionSchema = z.looseObject({});
export const senderSchema = z.object({ sender: id });
export const joinedMembersSchema = z.object({ joined: z.record(z.string(), z.unknown()) });
export const sentSchema = z.object({ event_id: id });
