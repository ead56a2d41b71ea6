/** Browsers that are signed in at a test server. */
import { rawRequest, type RawAnswer } from "./raw-request.ts";
import { TEST_TOKEN, type TestServer } from "./start-server.ts";

/** What a browser has of a session: the cookie, and the key in the page's own storage. */
export interface Signed {
  readonly cookie: string;
  readonly key: string;
}

/** As the answer to signing in gives them. */
export function signedIn(answer: RawAnswer): Signed {
  const { pageKey = "" } = JSON.parse(answer.body) as { readonly pageKey?: string };
  return { cookie: answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "", key: pageKey };
}

/** Signs in with a link for this role. */
export async function signInByLink(server: Pick<TestServer, "url">, role = "owner"): Promise<Signed> {
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
  return signedIn(await post("/api/v1/session", { code }, { Origin: server.url }));
}
