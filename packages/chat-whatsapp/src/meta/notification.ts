/**
 * What Meta puts into a webhook, as far as it matters here. Each element is read by itself: one that has an unknown form is
 * left out and counted, and its neighbors of the same batch still count.
 */
import { z } from "zod";

const text = z.string().min(1);

const Envelope = z.object({ object: z.string(), entry: z.array(z.unknown()) });
const Entry = z.object({ changes: z.array(z.unknown()) });
const Change = z.object({ field: z.string(), value: z.unknown() });
const Value = z.object({
  metadata: z.object({ phone_number_id: text, display_phone_number: z.string().optional() }),
  contacts: z.array(z.unknown()).default([]),
  messages: z.array(z.unknown()).default([]),
  statuses: z.array(z.unknown()).default([]),
  errors: z.array(z.unknown()).default([]),
});

const Contact = z.object({
  profile: z.object({ name: z.string().optional() }).optional(),
  wa_id: z.string().optional(),
  user_id: z.string().optional(),
});

const Reply = z.object({ id: text });

const Message = z.object({
  id: text.max(300),
  timestamp: z.string().regex(/^\d{1,12}$/),
  type: z.string(),
  from: z.string().optional(),
  from_user_id: z.string().optional(),
  group_id: z.string().optional(),
  context: z
    .object({
      id: text.max(300).optional(),
      forwarded: z.boolean().optional(),
      frequently_forwarded: z.boolean().optional(),
    })
    .optional(),
  text: z.object({ body: z.string() }).optional(),
  interactive: z.object({ button_reply: Reply.optional(), list_reply: Reply.optional() }).optional(),
  button: z.object({ payload: text }).optional(),
  reaction: z.object({ message_id: text.max(300), emoji: z.string().optional() }).optional(),
  edit: z
    .object({
      original_message_id: text.max(300),
      message: z.object({ text: z.object({ body: z.string() }).optional() }).optional(),
    })
    .optional(),
  revoke: z.object({ original_message_id: text.max(300) }).optional(),
  system: z
    .object({
      type: z.string(),
      wa_id: z.string().optional(),
      new_wa_id: z.string().optional(),
      user_id: z.string().optional(),
    })
    .optional(),
});

const Problem = z.object({
  code: z.number().int(),
  title: z.string().optional(),
  message: z.string().optional(),
  error_data: z.object({ details: z.string().optional() }).optional(),
});

const Status = z.object({
  id: text.max(300),
  status: z.string(),
  biz_opaque_callback_data: z.string().optional(),
  errors: z.array(z.unknown()).default([]),
});

export type Contact = z.infer<typeof Contact>;
export type Message = z.infer<typeof Message>;
export type Problem = z.infer<typeof Problem>;

/** One change that concerns this account, with the elements that could be read. */
export interface Notification {
  readonly field: string;
  readonly value: unknown;
  readonly ownNumber: string | undefined;
  readonly contacts: readonly Contact[];
  readonly messages: readonly Message[];
  readonly statuses: readonly z.infer<typeof Status>[];
  readonly problems: readonly Problem[];
}

export interface Read {
  readonly notifications: readonly Notification[];
  /** Elements of unknown form. */
  readonly unread: number;
}

/** Of all levels of the batch, what is for this phone number. Undefined when it is no notification about WhatsApp at all. */
export function readNotifications(json: unknown, phoneNumberId: string): Read | undefined {
  const envelope = Envelope.safeParse(json);
  if (!envelope.success || envelope.data.object !== "whatsapp_business_account") return undefined;
  const counter = { unread: 0 };
  const entries = readEach(Entry, envelope.data.entry, counter);
  const changes = entries.flatMap((entry) => readEach(Change, entry.changes, counter));
  const notifications = changes.flatMap(({ field, value }): Notification | readonly Notification[] => {
    const read = Value.safeParse(value);
    // Other fields (templates, the account's quality) have other forms, and nothing to say here.
    if (!read.success) counter.unread += field === "messages" ? 1 : 0;
    // Its form is not settled yet, and nobody else would tell that somebody is now somebody else.
    if (!read.success && field === "user_id_update") return { ...NOTHING_READ, field, value };
    if (!read.success || read.data.metadata.phone_number_id !== phoneNumberId) return [];
    const { metadata, contacts, messages, statuses, errors } = read.data;
    return {
      field,
      value,
      ownNumber: metadata.display_phone_number?.replaceAll(/\D/g, ""),
      contacts: readEach(Contact, contacts, counter),
      messages: readEach(Message, messages, counter),
      statuses: readEach(Status, statuses, counter),
      problems: readEach(Problem, errors, counter),
    };
  });
  return { notifications, unread: counter.unread };
}

const NOTHING_READ = { ownNumber: undefined, contacts: [], messages: [], statuses: [], problems: [] };

/** The first error that a status carries. */
export const firstProblem = (errors: readonly unknown[]): Problem | undefined =>
  readEach(Problem, errors, { unread: 0 })[0];

function readEach<T>(schema: z.ZodType<T>, elements: readonly unknown[], counter: { unread: number }): T[] {
  return elements.flatMap((element) => {
    const read = schema.safeParse(element);
    if (!read.success) counter.unread += 1;
    return read.success ? [read.data] : [];
  });
}
