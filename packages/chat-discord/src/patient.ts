/**
 * Asks again where time is no matter: after a rate limit when it is over, after a broken connection a few times. Only for
 * questions, which change nothing.
 */
import type { TransportContext } from "@skein/chat";

import type { Api, Ask } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import { pause } from "./pause.ts";

const FAILURES_MAX = 4;

export function createPatientAsk(
  api: Api,
  { clock, random }: Pick<TransportContext, "clock" | "random">,
  signal: AbortSignal,
): Ask {
  return async (method, path, request = {}) => {
    let failures = 0;
    for (;;) {
      const answer = await api.request(method, path, { ...request, signal });
      if (answer.ok || answer.error.type === "refused" || signal.aborted) return answer;
      if (answer.error.type !== "limited" && ++failures > FAILURES_MAX) return answer;
      const ms = answer.error.type === "limited" ? answer.error.afterMs : backoffMs(failures, random);
      await pause(clock, ms, signal);
    }
  };
}
