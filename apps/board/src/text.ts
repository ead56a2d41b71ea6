/** Text from people and agents, made fit to be shown in one line, and the words this page makes of numbers and times. */

/**
 * Without what would be shown as something else than it is: terminal sequences, control characters and the marks that
 * turn the direction of everything behind them. Direction by content remains: each text stands in an element of its own.
 */
export function plainText(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- terminal sequences are what this removes
      .replaceAll(/\u001b\[[0-?]*[ -/]*[@-~]/g, "")
      // oxlint-disable-next-line no-control-regex -- control characters are what this removes
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
      .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, "")
      .trim()
  );
}

export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Millionths of a dollar as dollars: two places, or more where two would say nothing. */
export function moneyText(microUsd: number): string {
  const places = microUsd > 0 && microUsd < 10_000 ? 4 : 2;
  return `$${(microUsd / 1_000_000).toFixed(places)}`;
}

/** The time of day; the day too when it is not today. */
export function timeText(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const today = at.toDateString() === new Date(nowMs).toDateString();
  return at.toLocaleString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    ...(today ? {} : { day: "numeric", month: "short" }),
  });
}
