/** Reading a channel or a thread page by page, newest first or oldest first as Slack gives it, within a bound. */
import { err, ok, type Result } from "@skein/core";

import type { SlackApi } from "./api.ts";
import type { Failure } from "./failures.ts";
import type { Pauses } from "./pause.ts";
import { historyPage } from "./payloads.ts";

export interface PageRequest {
  readonly method: "conversations.history" | "conversations.replies";
  readonly args: Readonly<Record<string, unknown>>;
  /** Says after each page whether there is need for more. */
  readonly wantsMore: (messages: readonly unknown[]) => boolean;
}

const PAGE_MESSAGES = 200;
const PAGES_MAX = 25;
/** How often "too many calls" is waited out before the reading is given up. */
const WAITS_MAX = 5;

/** Calls `onPage` for every page. An error says what went wrong, or that there was more than anybody reads. */
export async function readPages(api: SlackApi, pauses: Pauses, request: PageRequest): Promise<Result<void, Failure>> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await callPatiently(api, pauses, request, cursor);
    if (!answer.ok) return answer;
    const parsed = historyPage.safeParse(answer.value);
    if (!parsed.success) return err({ type: "unknown", reason: "Slack's answer is not a page of messages" });
    cursor = parsed.data.response_metadata?.next_cursor;
    if (!request.wantsMore(parsed.data.messages) || cursor === undefined || cursor === "") return ok(undefined);
  }
  return err({ type: "unknown", reason: `there are more than ${PAGES_MAX * PAGE_MESSAGES} messages to read` });
}

async function callPatiently(
  api: SlackApi,
  pauses: Pauses,
  { method, args }: PageRequest,
  cursor: string | undefined,
): ReturnType<SlackApi["call"]> {
  for (let waits = 0; ; waits += 1) {
    const answer = await api.call(method, {
      ...args,
      limit: PAGE_MESSAGES,
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (answer.ok || answer.error.type !== "limited" || waits >= WAITS_MAX || pauses.isStopped()) return answer;
    await pauses.pause(answer.error.afterMs);
  }
}
