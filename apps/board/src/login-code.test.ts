import { expect, test } from "vitest";

import { codeIn, takeCode } from "./login-code.ts";

const CODE = "abcdefghijklmnopqrstuvwxyz_-0123456789ABCDE";

function setupAddress(hash: string) {
  const addresses: string[] = [];
  return { bar: { hash, replace: (url: string) => void addresses.push(url) }, addresses };
}

test("a code in the address is taken, and leaves the address", () => {
  const { bar, addresses } = setupAddress(`#/login?code=${CODE}`);
  expect(takeCode(bar)).toBe(CODE);
  expect(addresses).toEqual(["#/"]);
});

test("what is no code leaves the address too", () => {
  const { bar, addresses } = setupAddress("#/login?code=a%0Ab");
  expect(takeCode(bar)).toBeUndefined();
  expect(addresses).toEqual(["#/"]);
});

test("any other address stays as it is", () => {
  for (const hash of ["", "#/", "#/items/abc?code=x", "#login?code=x"]) {
    const { bar, addresses } = setupAddress(hash);
    expect(takeCode(bar)).toBeUndefined();
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
