/** An account at Meta's Cloud API, as `node.yaml` describes it, and the secrets it needs. */
import { z } from "zod";

import { apiUrl } from "../urls.ts";

/** Outside of the 24 hours only this can be sent: an approved template whose body has exactly one parameter. */
const template = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/, "must be the template's name: small letters, digits and underscores"),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(?:_[A-Z]{2})?$/, "must be a language of the template, for example en or en_US"),
  /** The template's own words and this together may have 1024 characters. */
  maxText: z.int().min(20).max(1_024).default(600),
});

/** Without quotes YAML reads a number, so what is no text needs the same advice. */
const ID = "must be the phone number's id: digits, in quotes";

const settings = z.strictObject({
  /** Not the phone number: the id that the app's page shows below it. */
  phoneNumberId: z.string(ID).regex(/^\d{5,30}$/, ID),
  graphUrl: apiUrl("https://graph.facebook.com"),
  version: z
    .string()
    .regex(/^v\d{1,3}\.\d{1,3}$/, "must be a version of the Graph API, for example v25.0")
    .default("v25.0"),
  template: template.optional(),
});

export type MetaSettings = z.infer<typeof settings>;

export const metaSettings: z.ZodType<MetaSettings> = settings;

/** Sends messages; signs webhooks; proves to us that the one who registers the webhook is whom we told. */
export const META_SECRETS = { accessToken: "accessToken", appSecret: "appSecret", verifyToken: "verifyToken" } as const;
