/** What an agent is told of an item itself: its title, its story, and how to tell that it is done. */
import type { LiveItem } from "@skein/core";

interface Told {
  readonly registers: {
    readonly [field in "title" | "text" | "criteria"]: Pick<LiveItem["registers"][field], "value">;
  };
}

/** An item without criteria is told as it always was. */
export function itemTold({ registers: { title, text, criteria } }: Told): string {
  const story = `${title.value}\n\n${text.value}\n`;
  return criteria.value.trim() === "" ? story : `${story}\n## Acceptance criteria\n\n${criteria.value}\n`;
}
