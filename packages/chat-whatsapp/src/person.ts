/**
 * Who somebody is on WhatsApp. The same rule for Meta and for Twilio, so that one person who writes over both is one
 * principal as far as WhatsApp lets us know, and cannot approve over one what they asked for over the other.
 */

/** Digits without a plus: a phone number, or what WhatsApp made of it. */
const WA_ID = /^[0-9]{5,20}$/;
/** A business-scoped user id: who it is for this business, whether or not the phone number is shown. */
const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/;

export const isWaId = (text: string): boolean => WA_ID.test(text);
export const isUserId = (text: string): boolean => USER_ID.test(text);

/** Their user id when the platform names it, else their number. */
export const principalOf = (userId: string | undefined, waId: string | undefined): string =>
  `whatsapp:${userId ?? waId ?? ""}`;
