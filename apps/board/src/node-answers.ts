/** The ways in which the page asks its node and commands it; what no node has answered is told in people's words (away.ts). */
import type { Answer, Client } from "@skein/client";

import { type AwayTexts, type Gone, isAway, unsent, wordAsked, wordCommanded } from "./away.ts";
import { download, followEvents } from "./raw-answers.ts";
import type { Session } from "./session.ts";

export interface Asking {
  /** Undefined until somebody is signed in. */
  readonly client: () => Client | undefined;
  readonly gone: () => Gone;
  readonly texts: AwayTexts;
}

export function nodeAnswers({
  client,
  gone,
  texts,
}: Asking): Pick<Session, "query" | "download" | "follow" | "command" | "dial"> {
  const asked = <T>(answer: Answer<T>): Answer<T> => wordAsked(answer, texts, gone());
  return {
    query: async <T>(path: string) => asked((await client()?.query<T>(path)) ?? NOT_YET),
    download: async (path) => {
      const reach = client()?.reach(path);
      return reach === undefined ? NOT_YET : asked(await download(reach));
    },
    follow: (path, { onData, onEnd }) => {
      const reach = client()?.reach(path);
      if (reach === undefined) {
        onEnd(NOT_YET.error);
        return () => undefined;
      }
      const onEnded: typeof onEnd = (error) => {
        const worded = error === undefined ? undefined : asked({ ok: false, error });
        onEnd(worded?.ok === false ? worded.error : undefined);
      };
      return followEvents(reach, { onData, onEnd: onEnded });
    },
    dial: (path) => client()?.dial(path),
    command: async (name, input) => {
      const now = client();
      if (now === undefined) return NOT_YET;
      // Only what was not even tried was surely not done; so a node that is away is first asked for something harmless.
      const isDoubtful = gone().status.type === "stale" || !navigator.onLine;
      if (isDoubtful && isAway(await now.query("api/v1/session"))) return unsent(texts, gone());
      return wordCommanded(await now.command(name, input), texts, gone());
    },
  };
}

/** Nobody asks before there is a page, and there is no page before somebody is signed in. */
const NOT_YET = { ok: false, error: { code: "not-yet", message: "" } } as const;
