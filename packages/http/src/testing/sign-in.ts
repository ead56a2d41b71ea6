/** Browsers that are signed in at a test server. */
import { rawRequest, type RawAnswer } from "./raw-request.ts";
import { TEST_TOKEN, type TestServer } from "./start-server.ts";

/** The cookie of an answer, as a browser sends it back. */
export const cookieOf = (answer: RawAnswer): string => answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";

/** Signs in with a link for this role; gives the cookie. */
export async function signInByLink(server: Pick<TestServer, "url">, role = "owner"): Promise<string> {
  const post = (target: string, body: object, headers: Record<string, string>): Promise<RawAnswer> =>
    rawRequest({
      url: server.url,
      target,
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
    });
  const made = await post("/api/v1/logins", { role }, { Authorization: `Bearer ${TEST_TOKEN}` });
  const { code } = JSON.parse(made.body) as { readonly code: string };
  return cookieOf(await post("/api/v1/session", { code }, { Origin: server.url }));
}
