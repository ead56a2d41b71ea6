/** The filter of system calls takes podman's own and leaves out what a room does not need. */
import { expect, test } from "vitest";

import { callFilter } from "./call-filter.ts";

const LIST = JSON.stringify({
  defaultAction: "SCMP_ACT_ERRNO",
  archMap: [{ architecture: "SCMP_ARCH_AARCH64" }],
  syscalls: [
    { names: ["read", "keyctl", "clone", "socket"], action: "SCMP_ACT_ALLOW" },
    { names: ["bpf"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_BPF"] } },
  ],
});

const allowed = (filter: ReturnType<typeof callFilter>): readonly string[] =>
  filter.syscalls.flatMap(({ names, action, args }) =>
    action === "SCMP_ACT_ALLOW" && args === undefined ? names : [],
  );

test("what podman allows stays allowed, less what is refused; what else it says stays", () => {
  const filter = callFilter(LIST);
  expect(allowed(filter)).toEqual(["read"]);
  expect(filter).toMatchObject({ defaultAction: "SCMP_ACT_ERRNO", archMap: [{ architecture: "SCMP_ARCH_AARCH64" }] });
});

test("a call is either refused or allowed in part, never both", () => {
  const { syscalls } = callFilter(LIST);
  const names = syscalls.flatMap((rule) => rule.names);
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  undefined,
  "",
  "{}",
  '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}',
  '{"defaultAction":1,"syscalls":{}}',
])("without a list that can be used (%j) all is allowed but what is refused", (list) => {
  const filter = callFilter(list);
  expect(filter.defaultAction).toBe("SCMP_ACT_ALLOW");
  expect(filter.syscalls.every(({ action }) => action === "SCMP_ACT_ERRNO")).toBe(true);
});
