/** What all decisions about commands share: what they are given, what they answer, how they find what is named. */
import { MESH_ENTITY, type View } from "../fold/fold.ts";
import { err, type Result } from "../kernel/result.ts";
import type { Heads } from "../log/heads.ts";
import type { Draft } from "../log/replica.ts";
import type { KeyRotation } from "../member/membership.ts";
import type { Role } from "../member/role.ts";
import type { Calendar } from "./decide-timers.ts";
import type { CommandError } from "./error.ts";
import type { QaPolicy } from "./review.ts";

export interface DecideContext {
  readonly view: View;
  readonly heads: Heads;
  /** Member id (hex) and role of the node that decides. */
  readonly self: string;
  readonly role: Role;
  readonly wallMs: number;
  /** 8 bytes for a new item's or note's id: random, or the same on every node for a command from a room. */
  readonly idBytes: Uint8Array;
  /** Public key of a fresh ticket key pair. */
  readonly ticketKey: Uint8Array;
  /** SHA-256 of a fresh pairing code. */
  readonly pairingHash: Uint8Array;
  /** The principal that commands, when it comes from a room; empty otherwise. */
  readonly by: string;
  /** What the project asks for before something lands; left out where nobody has read that. */
  readonly qa?: QaPolicy | undefined;
  /** For timers; they cannot be set where it is left out. */
  readonly calendar?: Calendar;
  /** From the key that writes to the one that is to follow it, when a key is rotated. */
  readonly rotation?: KeyRotation;
}

export interface Decision {
  readonly drafts: readonly Draft[];
  /** The item it is about, when there is one. */
  readonly item: string | null;
}

export type Decided = Result<Decision, CommandError>;

export const fail = (
  code: CommandError["code"],
  message: string,
): { readonly ok: false; readonly error: CommandError } => err({ code, message });

export const meshDraft = (body: Draft["body"]): Decision => ({
  drafts: [{ entity: MESH_ENTITY, body, on: null }],
  item: null,
});

/** Titles and labels are single lines: they are shown in lists, logs and commit subjects. */
export const badLine = (text: string): string | undefined =>
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  /[\u0000-\u001f\u007f\u2028\u2029]/.test(text) || /[\ud800-\udfff]/u.test(text)
    ? "A title or label is one line without control characters. Put the rest into the text."
    : undefined;
