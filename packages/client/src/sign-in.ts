/** The page's own way in: a code out of a link becomes a session, whose cookie the browser keeps and no script sees. */
import type { Answer } from "./facts.ts";
import { type Fetch, post } from "./place.ts";

/** `url`: the page's own address; `code`: what stands behind `#/login?code=`. It counts once. */
export function signIn(
  url: string,
  code: string,
  fetch: Fetch = globalThis.fetch.bind(globalThis),
): Promise<Answer<unknown>> {
  return post(fetch, { url, secret: { type: "cookie" }, isHome: true }, "api/v1/session", { code });
}
