import { expect, test } from "vitest";
import { cleanToken, forgetToken, takeToken, type TokenPlaces } from "./session-token.ts";

function setupTab(
  hash: string,
  stored?: string,
): { places: TokenPlaces; addresses: string[]; kept: () => string | null } {
  const values = new Map<string, string>(stored === undefined ? [] : [["skein.token", stored]]);
  const addresses: string[] = [];
  const storage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
  const history = { replaceState: (_data: null, _unused: string, url: string) => void addresses.push(url) };
  const location = { hash, pathname: "/board/", search: "?a=1" };
  return { places: { location, history, storage }, addresses, kept: () => storage.getItem("skein.token") };
}

test("a token in the address is kept for the tab and leaves the address", () => {
  const { places, addresses, kept } = setupTab("#token=abc123", "older");
  expect(takeToken(places)).toBe("abc123");
  expect(kept()).toBe("abc123");
  expect(addresses).toEqual(["/board/?a=1"]);
});

test("without one in the address the tab's own token is used and the address stays", () => {
  const { places, addresses } = setupTab("#stage-qa", "older");
  expect(takeToken(places)).toBe("older");
  expect(addresses).toEqual([]);
  expect(takeToken(setupTab("").places)).toBeUndefined();
});

test("what cannot be a token is not kept but leaves the address too", () => {
  const { places, addresses, kept } = setupTab("#token=a%0Ab");
  expect(takeToken(places)).toBeUndefined();
  expect(kept()).toBeNull();
  expect(addresses).toEqual(["/board/?a=1"]);
});

test("a pasted token loses the space around it and must fit into a header", () => {
  expect(cleanToken("  abc\n")).toBe("abc");
  expect(cleanToken("a b")).toBeUndefined();
  expect(cleanToken("ä")).toBeUndefined();
  expect(cleanToken("x".repeat(513))).toBeUndefined();
});

test("a refused token is forgotten", () => {
  const { places, kept } = setupTab("", "older");
  forgetToken(places.storage);
  expect(kept()).toBeNull();
});
