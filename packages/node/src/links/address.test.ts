/** The guard on addresses that other nodes announce. */
import { expect, test } from "vitest";

import { isDialable, isReachable } from "./address.ts";

test.each(["ws://192.168.1.7:4710", "wss://node.example.com", "ws://[2001:db8::1]:4710", "ws://10.0.0.1:1"])(
  "dials %s",
  (address) => {
    expect(isDialable(address, false)).toBe(true);
  },
);

test.each([
  "http://192.168.1.7:4710",
  "ws://user:secret@192.168.1.7",
  "ws://169.254.169.254",
  "ws://[fd00:ec2::254]",
  "ws://[fe80::1]",
  "ws://[::ffff:127.0.0.1]",
  "ws://[::]",
  "ws://[::127.0.0.1]",
  "ws://[::ffff:169.254.169.254]",
  "ws://[64:ff9b::127.0.0.1]",
  "ws://0.0.0.0:4710",
  "ws://224.0.0.1",
  "ws://x.localhost",
  "ws://x.localhost.",
  "not an address",
  "",
])("never dials %s", (address) => {
  expect(isDialable(address, true)).toBe(false);
});

test("what a name stands for is judged like an address", () => {
  for (const ip of ["127.0.0.1", "::1"]) expect([ip, isReachable(ip, false)]).toEqual([ip, false]);
  for (const ip of ["127.0.0.1", "::1"]) expect([ip, isReachable(ip, true)]).toEqual([ip, true]);
  for (const ip of ["169.254.169.254", "::FFFF:7f00:1", "FE80::1", "0.0.0.0", "", "localhost"]) {
    expect([ip, isReachable(ip, true)]).toEqual([ip, false]);
  }
  expect(isReachable("192.0.2.7", false)).toBe(true);
});

test.each(["ws://127.0.0.1:4710", "ws://localhost:4710", "ws://[::1]:4710", "ws://2130706433", "ws://0x7f.1"])(
  "dials %s only where this node itself listens on loopback",
  (address) => {
    expect(isDialable(address, true)).toBe(true);
    expect(isDialable(address, false)).toBe(false);
  },
);
