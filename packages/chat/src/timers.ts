/**
 * Reminders. There is one set of timers, in the log: every node and every account sees the same, a cancelled one is cancelled
 * everywhere, and whoever speaks for the room says it when it is due.
 */
import { plain, strong } from "@skein/core";

import { type Due, type DueContext, keyOf, messageTo } from "./due.ts";
import { PHRASES } from "./notices/phrases.ts";
import { localeOf, roomTarget } from "./notices/targets.ts";

/** One that came due while nobody could say it is said late; after this long it is not said any more. */
const LATE_MS = 24 * 3_600_000;

export function remindersDue(nowMs: number, context: DueContext): readonly Due[] {
  const { view, account, sha256 } = context;
  return [...view.chat.timers.values()].flatMap(({ id, due, account: at, room, thread, item, text, cancelled }) => {
    // All that there ever were are looked at whenever something happens, so nothing is hashed for those that are not due.
    if (at !== account.id || cancelled || due > nowMs || nowMs - due >= LATE_MS) return [];
    const key = keyOf(sha256, "timer", id);
    if (view.chat.sent.has(key)) return [];
    return [
      {
        sinceMs: due,
        mark: { key, account: account.id, room, purpose: "reminder", item, about: id },
        message: {
          ...messageTo(key, room, context),
          thread: thread === "" ? null : thread,
          body: [
            strong(PHRASES[localeOf(view.chat, roomTarget(at, room))].remind),
            plain(text === "" ? "." : `: ${text}`),
          ],
        },
      },
    ];
  });
}
