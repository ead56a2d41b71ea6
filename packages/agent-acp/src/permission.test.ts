import type { PermissionOption, RequestPermissionRequest } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";

import { chosen, lookOnly, pick, questionOf } from "./permission.ts";

const option = (optionId: string, name: string, kind: PermissionOption["kind"]): PermissionOption => ({
  optionId,
  name,
  kind,
});
const USUAL = [
  option("a1", "Always allow", "allow_always"),
  option("a2", "Allow", "allow_once"),
  option("r1", "Reject", "reject_once"),
  option("r2", "Never", "reject_always"),
];
const request = (
  options: readonly PermissionOption[],
  toolCall: Partial<RequestPermissionRequest["toolCall"]> = {},
): RequestPermissionRequest => ({ sessionId: "s", options: [...options], toolCall: { toolCallId: "1", ...toolCall } });

test("a request says what is to be done, with the command that its title may hide", () => {
  const { text, options, ids, fallbacks } =
    questionOf(
      request(USUAL, {
        title: "Clean up",
        kind: "execute",
        rawInput: { command: "rm -rf /\u001b[1A\u001b[2K ls" },
        locations: [{ path: "/clone/a" }, { path: "/clone/b" }],
      }),
    ) ?? {};
  expect(text).toBe("May I? Clean up (execute)\n$ rm -rf / ls\nIn: /clone/a, /clone/b");
  expect(options).toEqual(["Always allow", "Allow", "Reject", "Never"]);
  expect(ids?.get("Allow")).toBe("a2");
  expect(fallbacks).toEqual(
    new Map([
      ["allow", "Allow"],
      ["deny", "Reject"],
    ]),
  );
});

test("options of the same name are told apart, long and empty ones are made to fit, and ten are shown", () => {
  const many = [
    option("1", "Yes", "allow_once"),
    option("2", "yes", "allow_always"),
    option("3", "  \u001b[0m ", "reject_once"),
    option("4", "y".repeat(500), "reject_always"),
    ...Array.from({ length: 20 }, (_, index) => option(`more-${index}`, `More ${index}`, "allow_once" as const)),
  ];
  const { options = [], ids } = questionOf(request(many)) ?? {};
  expect(options.slice(0, 3)).toEqual(["Yes", "yes (2)", "reject once"]);
  expect(options).toHaveLength(10);
  expect(options.every((one) => one.length <= 80 && one.trim() === one)).toBe(true);
  expect(options.map((one) => ids?.get(one))).toEqual(many.slice(0, 10).map(({ optionId }) => optionId));
  expect(questionOf(request([]))).toBeUndefined();
});

test("a question fits into an op however much the agent says", () => {
  const huge = "x".repeat(100_000);
  const { text = "" } =
    questionOf(
      request(USUAL, {
        title: huge,
        rawInput: { command: huge },
        locations: Array.from({ length: 1_000 }, () => ({ path: huge })),
      }),
    ) ?? {};
  expect(text.length).toBeLessThanOrEqual(2_000);
});

test("a fixed answer takes the smallest right there is, and without one the request is cancelled", () => {
  expect(pick(USUAL, "allow")?.optionId).toBe("a2");
  expect(pick(USUAL, "deny")?.optionId).toBe("r1");
  expect(pick([option("a", "A", "allow_always")], "allow")?.optionId).toBe("a");
  expect(pick([option("a", "A", "allow_always")], "deny")).toBeUndefined();
  expect(chosen("a2")).toEqual({ outcome: { outcome: "selected", optionId: "a2" } });
  expect(chosen(undefined)).toEqual({ outcome: { outcome: "cancelled" } });
});

test("who may only look is allowed to read for this once, and refused everything else, whatever it is called", () => {
  const answers = (kind: string | undefined, options: readonly PermissionOption[] = USUAL): unknown => {
    const { answer, option: picked } = lookOnly(request(options, kind === undefined ? {} : { kind: kind as "read" }));
    return [answer, picked?.optionId];
  };
  for (const kind of ["read", "search", "think"]) expect(answers(kind)).toEqual(["allow", "a2"]);
  for (const kind of ["edit", "delete", "move", "execute", "fetch", "switch_mode", "other", "toString", undefined]) {
    expect(answers(kind)).toEqual(["deny", "r1"]);
  }
  expect(answers("read", [option("a1", "Always allow", "allow_always")])).toEqual(["deny", undefined]);
});
