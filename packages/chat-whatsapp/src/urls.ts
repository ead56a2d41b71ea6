/** Addresses in the settings: https, because every request carries a secret. */
import { z } from "zod";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** A platform's API: https, or http to this machine itself. Without a slash at the end. */
export const apiUrl = (standard: string): z.ZodType<string, string | undefined> =>
  z
    .string()
    .refine(isApiUrl, "must be an https URL without a query, for example https://api.example.org")
    .transform((url) => url.replace(/\/+$/, ""))
    .default(standard);

function isApiUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username } = new URL(text);
  const isSafe = protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
  return isSafe && search === "" && hash === "" && username === "";
}
