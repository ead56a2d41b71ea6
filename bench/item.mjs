// The words of the items, the same for every stack.
export const TEXT = "What is wanted, and how to tell that it is done.";

export const titlesOf = (prefix, from, count) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${from + index}`);
