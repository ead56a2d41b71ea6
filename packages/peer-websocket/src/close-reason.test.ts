import { expect, test } from "vitest";
import { closeReason, errorReason, fitReason } from "./close-reason.ts";

test("a reason is cut to what a close frame holds, between characters", () => {
  expect(fitReason("shutting-down")).toBe("shutting-down");
  expect(fitReason("x".repeat(124))).toBe("x".repeat(123));
  expect(fitReason(`${"x".repeat(122)}é`)).toBe("x".repeat(122));
  expect(fitReason("🧵".repeat(40))).toBe("🧵".repeat(30));
});

test("what the other end says is shown without control characters", () => {
  expect(closeReason(4000, Buffer.from("too-slow"))).toBe("too-slow");
  expect(closeReason(4000, Buffer.from("a\u001b[2Jb\r\n\u202ec"))).toBe("a [2Jb c");
  expect(closeReason(4000, Buffer.from("\u0000"))).toBe("the other end closed the connection");
});

test("an end without words gets some", () => {
  const none = Buffer.alloc(0);
  expect([1000, 1005, 1006, 1011].map((code) => closeReason(code, none))).toEqual([
    "the other end closed the connection",
    "the other end closed the connection",
    "the connection was lost",
    "the other end closed the connection (code 1011)",
  ]);
  const withCode = (code: string): Error => Object.assign(new Error("message"), { code });
  expect(errorReason(withCode("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"))).toBe("a message passed the limit");
  expect(errorReason(withCode("WS_ERR_EXPECTED_MASK"))).toBe("it broke the WebSocket protocol (message)");
  expect(errorReason(withCode("ECONNRESET"))).toBe("the connection was lost (ECONNRESET)");
  expect(errorReason(new Error("odd"))).toBe("the connection was lost (odd)");
});
