/** Where a text of an item is edited: a room of whichever node the page talks to. */
import type { StoryText } from "@skein/core";

export const storyPath = ({ item, field }: StoryText): string =>
  field === "text" ? `yjs/item/${item}` : `yjs/item/${item}/${field}`;
