import { expect, test } from "vitest";

import { codeIn, takeLink } from "./login-code.ts";

const CODE = "abcdefghijklmnopqrstuvwxyz_-0123456789ABCDE";

function setupAddress(hash: string) {
  const addresses: string[] = [];
  return { bar: { hash, replace: (url: string) => void addresses.push(url) }, addresses };
}

test("a sign-in link in the address is taken, and leaves the address", () => {
  const { bar, addresses } = setupAddress(`#/login?code=${CODE}`);
  expect(codeIn(takeLink(bar) ?? "")).toBe(CODE);
  expect(addresses).toEqual(["#/"]);
});

test("a link without a code is taken as one that is pasted, so that somebody hears of it, and leaves the address too", () => {
  for (const hash of ["#/login?code=a%0Ab", "#/login?code=nonsense", "#/login?code=", "#/login?"]) {
    const { bar, addresses } = setupAddress(hash);
    expect(takeLink(bar)).toBe(hash);
    expect(codeIn(hash)).toBeUndefined();
    expect(addresses).toEqual(["#/"]);
  }
});

test("any other address stays as it is", () => {
  for (const hash of ["", "#/", "#/items/abc?code=x", "#login?code=x"]) {
    const { bar, addresses } = setupAddress(hash);
    expect(takeLink(bar)).toBeUndefined();
    expect(addresses).toEqual([]);
  }
});

test("a pasted link, its end, and the code alone are the same", () => {
  for (const text of [CODE, ` ${CODE}\n`, `#/login?code=${CODE}`, `http://127.0.0.1:4711/#/login?code=${CODE} `]) {
    expect(codeIn(text)).toBe(CODE);
  }
  for (const text of ["", "http://127.0.0.1:4711/", "with space", "short", `${CODE}<b>`]) {
    expect(codeIn(text)).toBeUndefined();
  }
});
