import { expect, test } from "vitest";
import { neighborhoodOf, unmapped } from "./neighborhood.ts";

test("an IPv4 address in IPv6 dress is the same address", () => {
  expect(unmapped("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(unmapped("::ffff:c000:201")).toBe("::ffff:c000:201");
  expect(neighborhoodOf("::ffff:192.0.2.1")).toBe(neighborhoodOf("192.0.2.1"));
});

test.each([
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1"],
  ["2001:db8:1:2::", "2001:0db8:0001:0002::9"],
  ["2001:db8::1", "2001:db8:0:0:7:7:7:7"],
  ["::1", "::2"],
  ["fe80::1%eth0", "fe80::2%eth1"],
  ["::", "0:0:0:0:1:1:1:1"],
])("%s and %s are one IPv6 network", (one, other) => {
  expect(neighborhoodOf(one)).toBe(neighborhoodOf(other));
});

test.each([
  ["2001:db8:1:2::1", "2001:db8:1:3::1"],
  ["2001:db8::1", "2001:db9::1"],
  ["192.0.2.1", "192.0.2.2"],
  ["192.0.2.1", "::1"],
])("%s and %s are two places", (one, other) => {
  expect(neighborhoodOf(one)).not.toBe(neighborhoodOf(other));
});
