/**
 * The page's own way in: a code out of a link becomes a session. Its cookie is kept by the browser and seen by no script; its
 * key is kept here.
 */
import type { Answer } from "./facts.ts";
import { keepPageKey } from "./page-key.ts";
import { type Fetch, post } from "./place.ts";

/** `url`: the page's own address; `code`: what stands behind `#/login?code=`. It counts once. Gives the id of the member that is signed in. */
export async function signIn(
  url: string,
  code: string,
  fetch: Fetch = globalThis.fetch.bind(globalThis),
): Promise<Answer<{ readonly member: string }>> {
  const place = { url, secret: { type: "cookie" }, isHome: true } as const;
  const answer = await post<{ readonly pageKey?: unknown; readonly member?: unknown }>(fetch, place, "api/v1/session", {
    code,
  });
  if (!answer.ok) return answer;
  const { pageKey, member } = answer.value;
  if (typeof pageKey === "string") keepPageKey(pageKey);
  return { ok: true, value: { member: typeof member === "string" ? member : "" } };
}
