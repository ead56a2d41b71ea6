/**
 * An agent's error → whether its provider has cut it off, and until when.
 *
 * Agents pass on what their provider said: fields of its answer somewhere in the error's data, or a sentence. A time that
 * cannot be read, has passed, or lies further away than any limit that is known is no time: the limit counts without it.
 */
import { field } from "./untrusted.ts";

export interface RateLimit {
  /** Wall time in milliseconds. */
  readonly until?: number;
}

export interface AgentError {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

const SENTENCES =
  /usage[ _-]?limit|rate[ _-]?limit|hit your (?:\w+ )?limit|limit (?:was )?reached|too many requests|quota (?:was )?(?:exceeded|exhausted|reached)|exceeded your (?:current )?quota|resource_exhausted|exhausted your (?:capacity|quota|daily)|\b429\b/i;

const LONGEST_MS = 35 * 86_400_000;
const DEPTH = 6;
const VALUES_MOST = 500;
const TEXT_LONGEST = 8_000;

export function rateLimitOf(error: AgentError, nowMs: number): RateLimit | undefined {
  const facts = factsIn(error);
  const text = facts.texts.join("\n").slice(0, TEXT_LONGEST).replaceAll(/\s+/g, " ");
  if (!SENTENCES.test(text) && error.code !== 429 && !facts.isTold) return undefined;
  const at = [...facts.times, ...timesIn(text)]
    .map((time) => (time.type === "at" ? time.ms : nowMs + time.ms))
    .concat(clockTimesIn(text, nowMs))
    .find((ms) => ms > nowMs && ms <= nowMs + LONGEST_MS);
  return at === undefined ? {} : { until: Math.ceil(at) };
}

type Time = { readonly type: "at" | "in"; readonly ms: number };

// ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Facts {
  readonly texts: string[];
  readonly times: Time[];
  /** A field says that too much was asked of the provider. */
  isTold: boolean;
}

const AT = /^resets?_?at$|^reset_?time$|^x-ratelimit-reset$/i;
const IN_SECONDS = /^resets_in_seconds$|^retry_?-?after(?:_?seconds)?$|^retry_?delay$/i;
const IN_MILLISECONDS = /^retry_?after_?ms$/i;
const STATUS = /^status(?:_?code)?$|^code$/i;

function factsIn(error: AgentError): Facts {
  const facts: Facts = { texts: [error.message], times: [], isTold: false };
  let left = VALUES_MOST;
  const visit = (value: unknown, depth: number): void => {
    if (depth > DEPTH) return;
    if (typeof value === "string") facts.texts.push(value.slice(0, TEXT_LONGEST));
    if (typeof value !== "object" || value === null) return;
    for (const key in value) {
      left -= 1;
      if (left < 0) return;
      const inside = field(value, key);
      if (STATUS.test(key) && Number(inside) === 429) facts.isTold = true;
      const time = timeOf(key, inside);
      if (time !== undefined) facts.times.push(time);
      visit(inside, depth + 1);
    }
  };
  visit(error.data, 0);
  return facts;
}

function timeOf(key: string, value: unknown): Time | undefined {
  if (AT.test(key)) {
    const ms = typeof value === "string" && !/^\d+$/.test(value) ? Date.parse(value) : epochMs(Number(value));
    return Number.isFinite(ms) ? { type: "at", ms } : undefined;
  }
  const amount = typeof value === "string" ? Number(value.replace(/s$/, "")) : value;
  if (typeof amount !== "number" || !Number.isFinite(amount)) return undefined;
  if (IN_SECONDS.test(key)) return { type: "in", ms: amount * 1_000 };
  return IN_MILLISECONDS.test(key) ? { type: "in", ms: amount } : undefined;
}

/** Seconds as well as milliseconds are in use. */
const epochMs = (value: number): number => (value < 100_000_000_000 ? value * 1_000 : value);

// ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

function timesIn(text: string): readonly Time[] {
  const times: Time[] = [];
  // "usage limit reached|1735689600", and a provider's JSON inside of a sentence.
  for (const [, digits] of text.matchAll(/(?:reached\||"?resets?_at"?\s*[:=]\s*)(\d{10,13})\b/gi)) {
    times.push({ type: "at", ms: epochMs(Number(digits)) });
  }
  // "try again in 2 days 17 hours 14 minutes", "retry in 35.5s", "resets in 3h 5m".
  for (const [, words = ""] of text.matchAll(
    /\b(?:again|retry|resets?|after)\s+in:?\s+((?:[\d.]+\s*[a-z]+[,\s]*(?:and\s+)?){1,6})/gi,
  )) {
    const ms = durationOf(words);
    if (ms > 0) times.push({ type: "in", ms });
  }
  return times;
}

function durationOf(words: string): number {
  let sum = 0;
  for (const [, amount = "", unit = ""] of words.matchAll(
    /(\d+(?:\.\d+)?)\s*(d(?:ays?)?|h(?:(?:ou)?rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)\b/gi,
  )) {
    sum += Number(amount) * (UNITS[unit.charAt(0).toLowerCase()] ?? 0);
  }
  return sum;
}

/** "resets 1:30am (Asia/Dhaka)", "will reset at 9:30 AM": the next time that a clock there shows it. */
function clockTimesIn(text: string, nowMs: number): readonly number[] {
  const found =
    /\bresets?(?:\s+at)?\s+(\d{1,2})(?::(\d{2}))?\s*([ap]m)\b(?:\s*\(([A-Za-z_+-]+(?:\/[A-Za-z0-9_+-]+){0,2})\))?/i.exec(
      text,
    );
  if (found === null) return [];
  const [, hourText = "", minuteText = "0", half = "", zone] = found;
  const hour = (Number(hourText) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  const now = minutesOfDay(nowMs, zone);
  if (now === undefined || Number(hourText) > 12) return [];
  const ahead = (hour * 60 + Number(minuteText) - now + 1_440) % 1_440;
  return [nowMs - (nowMs % 60_000) + (ahead === 0 ? 1_440 : ahead) * 60_000];
}

function minutesOfDay(nowMs: number, zone: string | undefined): number | undefined {
  try {
    const format = new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      ...(zone === undefined ? {} : { timeZone: zone }),
    });
    const [hour = "", minute = ""] = format.format(nowMs).split(":");
    return Number(hour) * 60 + Number(minute);
  } catch {
    // There is no such time zone.
    return undefined;
  }
}
