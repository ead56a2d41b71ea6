// The item that every stack is given, so that all of them carry the same words.
export const TEXT = "What is wanted, and how to tell that it is done.";

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

export const titlesOf = (prefix, from, count) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${from + index}`);
