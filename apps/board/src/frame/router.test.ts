import { expect, test } from "vitest";
import { addressOf, matchPath, parseAddress } from "./router.ts";

test("an address is a path and a query; what is no route is the board", () => {
  expect(parseAddress("#/items/abc/?tab=log")).toEqual({ path: "/items/abc", query: new Map([["tab", "log"]]) });
  for (const hash of ["", "#", "#/", "#board", "#token=abc"]) expect(parseAddress(hash).path).toBe("/");
});

test("a pattern names parts of a path, decoded, and matches nothing longer, shorter, empty or malformed", () => {
  expect(matchPath("/items/:id", "/items/a%2Fb")).toEqual(new Map([["id", "a/b"]]));
  expect(matchPath("/", "/")).toEqual(new Map());
  for (const path of ["/items", "/items/", "/items/a/b", "/nodes/a", "/items/%ff"]) {
    expect(matchPath("/items/:id", path), path).toBeUndefined();
  }
});

test("an address is printed as it is parsed, without empty values", () => {
  const printed = addressOf("/", { q: "a & b", group: "" });
  expect(parseAddress(printed)).toEqual({ path: "/", query: new Map([["q", "a & b"]]) });
  expect(addressOf("/mesh", { q: "" })).toBe("#/mesh");
});
