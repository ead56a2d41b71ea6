/**
 * People who became somebody else in WhatsApp's eyes: a new number, or a new user id. Roles hang on the old one, so a person
 * has to look at it. The platform's own sentence is not repeated: it has the profile's name in it, which anybody can choose.
 */
import { z } from "zod";

import { isUserId, isWaId } from "../person.ts";

const SystemMessage = z.object({
  from: z.string().optional(),
  from_user_id: z.string().optional(),
  system: z.object({
    wa_id: z.string().optional(),
    new_wa_id: z.string().optional(),
    user_id: z.string().optional(),
    previous_user_id: z.string().optional(),
  }),
});

const UserIdUpdate = z.object({
  user_id_update: z
    .array(
      z.object({
        wa_id: z.string().optional(),
        user_id: z.object({ previous: z.string().optional(), current: z.string().optional() }).optional(),
      }),
    )
    .min(1),
});

/** One sentence for the operator, from a message of type `system` or a notification of the field `user_id_update`. */
export function identityChange(change: unknown): string {
  const [before, after] = namesOf(change);
  const who = before === undefined ? "a person on WhatsApp" : `whatsapp:${before} on WhatsApp`;
  const now = after === undefined ? "changed number or user id" : `is now whatsapp:${after}`;
  return `${who} ${now}: take the roles from the old identity, and pair the person again if it is still the same one.`;
}

function namesOf(change: unknown): readonly (string | undefined)[] {
  const message = SystemMessage.safeParse(change);
  if (message.success) {
    const { from, from_user_id: fromUser, system } = message.data;
    return [
      known(system.previous_user_id) ?? known(fromUser) ?? known(from),
      known(system.user_id) ?? known(system.wa_id) ?? known(system.new_wa_id),
    ];
  }
  const update = UserIdUpdate.safeParse(change);
  if (!update.success) return [];
  const [first] = update.data.user_id_update;
  return [known(first?.user_id?.previous) ?? known(first?.wa_id), known(first?.user_id?.current)];
}

const known = (id: string | undefined): string | undefined =>
  id !== undefined && (isUserId(id) || isWaId(id)) ? id : undefined;

export const unknownIdentity =
  "a message on WhatsApp was left out, because its sender's id has a form that this version does not know; update Skein.";
