/** Settings of an account at Meta, as somebody writes them. */
import { expect, test } from "vitest";

import { whatsappKind } from "./transport.ts";

test("a phone number id without quotes is refused with what to do, not with what a parser found", () => {
  const parsed = whatsappKind.settings.safeParse({ phoneNumberId: 106540352242922 });
  expect(parsed.error?.issues.map(({ message }) => message)).toEqual([
    "must be the phone number's id: digits, in quotes",
  ]);
});
