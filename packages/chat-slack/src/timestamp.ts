/** Slack's `ts`: the id of a message within its channel, and its time. A text, because a float would lose digits. */

export const TS_PATTERN: RegExp = /^[0-9]{1,10}\.[0-9]{1,6}$/;

/** Microseconds; exact, since they fit into 53 bits until the year 2255. */
function micros(ts: string): number {
  const [seconds = "0", fraction = ""] = ts.split(".");
  return Number(seconds) * 1_000_000 + Number(fraction.padEnd(6, "0"));
}

export const toMs = (ts: string): number => Math.floor(micros(ts) / 1_000);

export const toTs = (unixMs: number): string => {
  const ms = Math.max(0, Math.floor(unixMs));
  return `${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, "0")}000`;
};

export const isLater = (a: string, b: string): boolean => micros(a) > micros(b);
