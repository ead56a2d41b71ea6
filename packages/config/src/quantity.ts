/**
 * Durations (`250ms`, `30s`, `10m`, `2h`, `1d`) and sizes (`64KiB`, `10MiB`, `1GiB`) as they are written in files for
 * people. A bare number is never accepted: nobody can tell whether 60 means seconds or milliseconds.
 */

const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
];

export const DURATION_PATTERN: RegExp = /^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$/;
export const SIZE_PATTERN: RegExp = /^([1-9][0-9]{0,8})(KiB|MiB|GiB)$/;

/** Dollars with their sign, as `$2` or `$0.25`. */
export const MONEY_PATTERN: RegExp = /^\$(0|[1-9][0-9]{0,7})(?:\.([0-9]{1,6}))?$/;

export const CAP_PATTERN: RegExp = new RegExp(`^none$|${MONEY_PATTERN.source}`);

/** Millionths of a dollar, or undefined when it is no amount of money. */
export function parseMoney(text: string): number | undefined {
  const [, whole, part = ""] = MONEY_PATTERN.exec(text) ?? [];
  return whole === undefined ? undefined : Number(whole) * 1_000_000 + Number(part.padEnd(6, "0"));
}

/** The shortest exact spelling, with cents where there are any. */
export function formatMoney(microUsd: number): string {
  const rest = String(microUsd % 1_000_000)
    .padStart(6, "0")
    .replace(/0{1,4}$/, "");
  return `$${Math.floor(microUsd / 1_000_000)}${Number(rest) === 0 ? "" : `.${rest}`}`;
}

/** Milliseconds, or undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  return parseWith(DURATION_PATTERN, DURATION_UNITS, text);
}

/** Bytes, or undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  return parseWith(SIZE_PATTERN, SIZE_UNITS, text);
}

/** An exact spelling in the largest unit that fits; a single minute, hour or day is `60s`, `60m` or `24h`, as people say. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0ms";
  const isNatural = (factor: number): boolean => ms % factor === 0 && (ms > factor || factor <= 1000);
  const [unit, factor] = DURATION_UNITS.find(([, factor]) => isNatural(factor)) ?? ["ms", 1];
  return `${ms / factor}${unit}`;
}

/** The shortest exact spelling; what is no whole number of KiB is rounded up to one. */
export function formatSize(bytes: number): string {
  const [unit, factor] = SIZE_UNITS.find(([, factor]) => bytes % factor === 0) ?? ["KiB", 1024];
  return `${Math.ceil(bytes / factor)}${unit}`;
}

function parseWith(pattern: RegExp, units: readonly (readonly [string, number])[], text: string): number | undefined {
  const [, digits, unit] = pattern.exec(text) ?? [];
  const factor = units.find(([name]) => name === unit)?.[1];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
