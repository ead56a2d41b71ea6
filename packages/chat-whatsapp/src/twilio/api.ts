/** Requests to Twilio's Messages resource, with the account's credentials. */
import type { TransportContext } from "@skein/chat";

import { type Exchange, exchange } from "../request.ts";
import { TWILIO_SECRETS, type TwilioSettings } from "./settings.ts";

export interface TwilioApi {
  create(fields: Readonly<Record<string, string>>): Promise<Exchange>;
  list(query: Readonly<Record<string, string>>): Promise<Exchange>;
  /** The text without the secret, should Twilio have repeated it. */
  withoutSecret(text: string): string;
}

export function createTwilioApi(settings: TwilioSettings, context: TransportContext): TwilioApi {
  const { accountSid, apiKeySid } = settings;
  const url = `${settings.apiUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const secret = (): string =>
    context.secret(apiKeySid === undefined ? TWILIO_SECRETS.authToken : TWILIO_SECRETS.apiKeySecret);
  const authorization = (): string =>
    `Basic ${Buffer.from(`${apiKeySid ?? accountSid}:${secret()}`).toString("base64")}`;
  return {
    create: (fields) =>
      exchange(
        {
          method: "POST",
          url,
          headers: { authorization: authorization(), "content-type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams(fields).toString(),
        },
        context,
      ),
    list: (query) =>
      exchange(
        {
          method: "GET",
          url: `${url}?${new URLSearchParams(query).toString()}`,
          headers: { authorization: authorization() },
        },
        context,
      ),
    withoutSecret: (text) => text.replaceAll(secret() || "\0", "…"),
  };
}
