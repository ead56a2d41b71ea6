// The value that the peers' maps hold for an item.
import { TEXT } from "../item.mjs";

/** What a peer's map holds under the item's title; the fields are those of an item that was just added to Skein. */
export const itemOf = (title) => ({
  title,
  text: TEXT,
  type: "story",
  stage: "Backlog",
  priority: 5,
  labels: [],
  dependsOn: [],
  hold: "",
  createdAt: Date.now(),
  updatedAt: Date.now(),
});
