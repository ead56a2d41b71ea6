/** WhatsApp as two kinds of transport: directly at Meta, or through Twilio. */
export { whatsappKind } from "./meta/transport.ts";
export { twilioKind } from "./twilio/transport.ts";
