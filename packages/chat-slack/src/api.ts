/** Calls of the Web API with Slack's own client, without its queue and its retries: what to do again is decided elsewhere. */
import { err, ok, type Result } from "@skein/core";
import { type Logger, LogLevel, WebClient } from "@slack/web-api";

import { type Failure, failureOf } from "./failures.ts";

export type Answer = Readonly<Record<string, unknown>>;

export interface SlackApi {
  call(method: string, args: Readonly<Record<string, unknown>>): Promise<Result<Answer, Failure>>;
}

export interface ApiOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
}

/** For both of Slack's clients. A repeated call could be a second message, and a wait would hold up every other room. */
export const clientOptions = (
  options: Omit<ApiOptions, "token">,
): { slackApiUrl: string; fetch: typeof fetch; retryConfig: { retries: number }; rejectRateLimitedCalls: true } => ({
  slackApiUrl: options.apiUrl,
  fetch: options.fetch,
  retryConfig: { retries: 0 },
  rejectRateLimitedCalls: true,
});

export function createSlackApi(options: ApiOptions): SlackApi {
  const client = new WebClient(options.token, {
    ...clientOptions(options),
    // Method names come from this package only.
    allowAbsoluteUrls: false,
    logger: silentLogger,
  });
  return {
    call: async (method, args) => {
      try {
        return ok({ ...(await client.apiCall(method, args)) });
      } catch (error) {
        return err(failureOf(error));
      }
    },
  };
}

/**
 * The libraries log whole requests and what strangers wrote. What they have to say comes back as an error or an event as
 * well, and is reported from there.
 */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};
