/**
 * News × targets → what is sent now, what is kept for a digest, what is left unsaid and why. Pure; every node plans the same, and
 * what has a mark in the log is never planned again.
 */
import { type Body, isLive, type LiveItem, plain, strong } from "@skein/core";

import { itemLine } from "../answers.ts";
import { cardKey, type Due, type DueContext, keyOf, messageTo, roomIn } from "../due.ts";
import { shortened } from "../parts.ts";
import type { News } from "./news.ts";
import { PHRASES, timeIn } from "./phrases.ts";
import { isQuiet, quietSpanBefore } from "./quiet-hours.ts";
import { type Target, wants } from "./targets.ts";

/** The same topic is not brought up again so soon. */
const COOLDOWN_MS = 5 * 60_000;
/** After a window ended for so long its digest is still worth sending. */
const DIGEST_LATE_MS = 60 * 60_000;
const DIGEST_ITEMS = 25;

/** Undefined when it is not this target's, is said already, or waits for a digest. */
export function planNotice(news: News, target: Target, nowMs: number, context: DueContext): Due | undefined {
  const { view, account, sha256, capabilities } = context;
  const has = news.item === undefined ? target.verbosity : target.verbosityOf(news.item.id);
  if (!wants(has, news.level)) return undefined;
  const key = keyOf(sha256, "notice", target.id, news.id);
  if (view.chat.sent.has(key)) return undefined;
  if (target.quiet !== undefined && isQuiet(target.quiet, nowMs)) return undefined;
  // A question waits for an answer; everything else can wait for its digest.
  if (target.digestMs > 0 && news.purpose !== "question") return undefined;
  const thread = threadOf(news.item, target, context);
  const buttons = news.buttons(capabilities);
  const body = shortened(news.body(target.locale, thread !== null), roomIn(capabilities, buttons.length > 0));
  return {
    suppressed: cooled(news, target, nowMs, context),
    sinceMs: news.at,
    mark: {
      key,
      account: account.id,
      room: target.room,
      purpose: news.purpose,
      item: news.item?.id ?? "",
      about: news.topic,
    },
    message: {
      ...messageTo(key, target.room, context),
      thread,
      threadTitle: news.item?.registers.title.value ?? "",
      body,
      buttons,
    },
  };
}

function cooled(
  { topic, hasCooldown }: News,
  { room }: Target,
  nowMs: number,
  { view, account }: DueContext,
): string | undefined {
  if (!hasCooldown) return undefined;
  const last = view.chat.lastSaid.get(`${account.id} ${room} ${topic}`);
  // One that lies ahead was marked by a node whose clock is wrong: it would keep the topic silent until then.
  if (last === undefined || Math.abs(nowMs - last) >= COOLDOWN_MS) return undefined;
  return `said ${Math.max(1, Math.round((nowMs - last) / 1_000))} s before`;
}

function threadOf(item: LiveItem | undefined, target: Target, context: DueContext): string | null {
  if (item === undefined || target.direct || !context.capabilities.threads) return null;
  const mark = context.view.chat.sent.get(cardKey(context, target.room, item.id));
  return mark === undefined || mark.message === "" ? null : mark.message;
}

/** The windows that have ended and that this target has not heard of: its digest, and its quiet hours. */
export function digestsFor(target: Target, nowMs: number, context: DueContext): readonly Due[] {
  if (target.quiet !== undefined && isQuiet(target.quiet, nowMs)) return [];
  const windows: { readonly start: number; readonly end: number; readonly isQuiet: boolean }[] = [];
  if (target.digestMs > 0) {
    const end = Math.floor(nowMs / target.digestMs) * target.digestMs;
    windows.push({ start: end - target.digestMs, end, isQuiet: false });
  }
  const span = target.quiet === undefined ? undefined : quietSpanBefore(target.quiet, nowMs, DIGEST_LATE_MS);
  if (span !== undefined) windows.push({ ...span, isQuiet: true });
  return windows.flatMap(({ start, end, isQuiet }) =>
    nowMs - end > DIGEST_LATE_MS ? [] : digest(target, { start, end }, isQuiet, context),
  );
}

function digest(
  target: Target,
  { start, end }: { readonly start: number; readonly end: number },
  quiet: boolean,
  context: DueContext,
): readonly Due[] {
  const { view, account, sha256, project, capabilities } = context;
  const key = keyOf(sha256, "digest", target.id, quiet ? "quiet" : "window", end);
  if (view.chat.sent.has(key)) return [];
  const items = [...view.items.values()].filter(isLive).filter(({ updatedAt, id, best }) => {
    const level = ["Done", "Archived"].includes(best.state.stage.stage) ? "important" : "stages";
    return updatedAt >= start && updatedAt < end && wants(target.verbosityOf(id), level);
  });
  if (items.length === 0) return [];
  const { whileQuiet, since } = PHRASES[target.locale];
  const head = quiet ? whileQuiet : since(timeIn(start, target.locale, target.zone));
  const shown = items.slice(0, DIGEST_ITEMS).flatMap((item) => [plain("\n"), ...itemLine(project(item))]);
  const rest = items.length > DIGEST_ITEMS ? [plain(`\n+ ${items.length - DIGEST_ITEMS}`)] : [];
  const body: Body = [strong(`${head}:`), ...shown, ...rest];
  return [
    {
      sinceMs: end,
      mark: { key, account: account.id, room: target.room, purpose: "notice", item: "", about: "digest" },
      message: { ...messageTo(key, target.room, context), body: shortened(body, roomIn(capabilities)) },
    },
  ];
}
