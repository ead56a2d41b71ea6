/** What this node writes has no secret in its texts, and everything else of it is untouched. */
import { type Draft, ok } from "@skein/core";
import { expect, test } from "vitest";

import type { Journal } from "../journal.ts";
import { withoutSecrets } from "./redacted-journal.ts";
import { createSecrets } from "./secrets.ts";

async function written(drafts: readonly Draft[]): Promise<readonly Draft[]> {
  let seen: readonly Draft[] = [];
  const inner: Pick<Journal, "write"> = {
    write: (decide) => {
      const decided = decide();
      if (decided.ok) seen = decided.value;
      return Promise.resolve(decided.ok ? ok([]) : decided);
    },
  };
  const secrets = createSecrets();
  secrets.add(["correct-horse"]);
  // Only `write` is used of it.
  await withoutSecrets(inner as Journal, secrets).write(() => ok(drafts));
  return seen;
}

const draft = (body: Draft["body"]): Draft => ({ entity: "correct-horse", on: null, body });

test("questions, notes, evidence and answers to rooms lose their secrets", async () => {
  const oid = "a".repeat(40);
  const drafts = [
    draft({ kind: "item.ask", question: "abcd", text: "Is correct-horse right?", options: ["correct-horse", "no"] }),
    draft({ kind: "item.set", field: "title", value: "Use correct-horse" }),
    draft({
      kind: "item.attest",
      tip: oid,
      base: oid,
      evidence: {
        tree: oid,
        runs: [{ argv: ["login", "correct-horse"], exitCode: 0, durationMs: 1, outputDigest: "" }],
      },
    }),
    draft({
      kind: "chat.settle",
      command: "c",
      outcome: "done",
      reply: [{ text: "It says correct-horse.", style: "plain" }],
      item: "",
      proposal: "correct-horse",
      version: "",
      answers: "",
      effects: 0,
    }),
  ];
  expect((await written(drafts)).map(({ body }) => body)).toMatchObject([
    { question: "abcd", text: "Is [secret] right?", options: ["[secret]", "no"] },
    { value: "Use [secret]" },
    { tip: oid, evidence: { runs: [{ argv: ["login", "[secret]"], exitCode: 0 }] } },
    // What a "yes" runs is not shown, and must stay what was judged.
    { reply: [{ text: "It says [secret]." }], proposal: "correct-horse" },
  ]);
});

test("what other kinds of ops say stays as it is", async () => {
  const body = { kind: "project.set", name: "demo", remote: "/srv/correct-horse", base: "main", config: "" } as const;
  expect(await written([draft(body)])).toEqual([draft(body)]);
});
