/** A moment: the time of day, with the day when it is not today; the whole of it when pointed at. */
import type { JSX } from "preact";
import { timeText } from "../text.ts";

export function Time({ atMs }: { readonly atMs: number }): JSX.Element {
  const at = new Date(atMs);
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString()}>
      {timeText(atMs, Date.now())}
    </time>
  );
}
