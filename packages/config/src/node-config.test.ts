import { expect, test } from "vitest";

import { NO_NODE_CONFIG, parseNodeConfig } from "./node-config.ts";

const leaseOf = (text: string): unknown => {
  const parsed = parseNodeConfig(text, "node.yaml");
  return parsed.ok ? parsed.value.lease : parsed.error.message;
};

test("a node that says nothing of leases waits half a minute for a silent speaker", () => {
  expect(leaseOf("transports: []\n")).toEqual({ ttlMs: 30_000 });
  expect(leaseOf("lease: {}\n")).toEqual({ ttlMs: 30_000 });
  expect(NO_NODE_CONFIG.lease).toEqual({ ttlMs: 30_000 });
});

test("a node says how long a speaker may be silent", () => {
  expect(leaseOf("lease: { ttl: 5s }\n")).toEqual({ ttlMs: 5_000 });
});

test("a lease that a hiccup would end, one without a unit and one of another key are refused with a sentence", () => {
  expect(leaseOf("lease: { ttl: 2s }\n")).toContain("must be from 3s to 10m, not 2s");
  expect(leaseOf("lease: { ttl: 30 }\n")).toContain("write 30s for seconds");
  expect(leaseOf("lease: { tll: 30s }\n")).toContain("tll");
});
