import { expect, test } from "vitest";
import { hostAndPort, isLoopback } from "./address.ts";

test("IPv6 gets brackets before a port", () => {
  expect(hostAndPort("127.0.0.1", 80)).toBe("127.0.0.1:80");
  expect(hostAndPort("::1", 80)).toBe("[::1]:80");
  expect(hostAndPort("node.example", 80)).toBe("node.example:80");
});

test("loopback is known in every form", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].every(isLoopback)).toBe(true);
  expect(["192.0.2.1", "::", "128.0.0.1", "fe80::1", "127.evil.example"].some(isLoopback)).toBe(false);
});
