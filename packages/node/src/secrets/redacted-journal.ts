/**
 * A journal that writes no secret of this node: every text of an op that a program, a story or a person may have filled is
 * looked through before it is sealed. Names, ids, hashes and settings stay as they are; a secret in one of these would
 * not be text that slipped in.
 */
import { type Draft, ok, type OpBody } from "@skein/core";

import type { Journal } from "../journal.ts";
import type { Secrets } from "./secrets.ts";

export function withoutSecrets(journal: Journal, secrets: Pick<Secrets, "text">): Journal {
  return {
    ...journal,
    write: (decide) =>
      journal.write(() => {
        const decided = decide();
        return decided.ok ? ok(decided.value.map((draft) => redactDraft(draft, secrets))) : decided;
      }),
  };
}

function redactDraft(draft: Draft, secrets: Pick<Secrets, "text">): Draft {
  const { kind } = draft.body;
  if (!kind.startsWith("item.") && !kind.startsWith("chat.")) return draft;
  // Texts are replaced by texts, so the body stays one of its kind.
  return { ...draft, body: redact(draft.body, secrets, false) as OpBody };
}

/** Fields that hold free text, wherever they stand in a body. */
const FREE: ReadonlySet<string> = new Set(["title", "text", "note", "value", "options", "argv", "reason"]);

function redact(value: unknown, secrets: Pick<Secrets, "text">, isFree: boolean): unknown {
  if (typeof value === "string") return isFree ? secrets.text(value) : value;
  if (Array.isArray(value)) return value.map((entry: unknown) => redact(entry, secrets, isFree));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Map) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redact(entry, secrets, FREE.has(key))]));
}
