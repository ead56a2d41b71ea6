import { expect, test } from "vitest";

import { changesOf, typedOf } from "./changed.ts";

const item = { title: "Sort the list", labels: ["ui", "a, b"], priority: 5 };
const opened = typedOf(item);

test("only what was changed is sent", () => {
  expect(changesOf(opened, opened, item)).toEqual({});
  expect(changesOf(opened, { ...opened, title: " Sort it " }, item)).toEqual({ title: "Sort it" });
  expect(changesOf(opened, { ...opened, priority: 0 }, item)).toEqual({ priority: 0 });
  expect(changesOf(opened, { ...opened, labels: "a, b\n\n ui \n" }, item)).toEqual({});
});

test("what somebody else has done to the labels meanwhile stays", () => {
  const now = { labels: ["a, b", "ui", "theirs"] };
  expect(changesOf(opened, { ...opened, labels: "a, b\nmine\ntheirs" }, now)).toEqual({
    labels: ["a, b", "theirs", "mine"],
  });
  expect(changesOf(opened, { ...opened, labels: "" }, item)).toEqual({ labels: [] });
  expect(changesOf(opened, { ...opened, labels: "ui\na, b\nmine" }, { labels: [] })).toEqual({ labels: ["mine"] });
});

test("what is not shown of a label is no reason to write it anew", () => {
  const odd = { ...item, labels: ["\u202eui"] };
  const typed = typedOf(odd);
  expect(changesOf(typed, typed, odd)).toEqual({});
  expect(changesOf(typed, { ...typed, labels: `${typed.labels}\nmine` }, odd)).toEqual({
    labels: ["\u202eui", "mine"],
  });
});
