/**
 * Sending where each node is a device of its own. A message to an encrypted room is encrypted for whoever is joined now; and as
 * the homeserver does not take the same transaction of two devices for one, every message carries its key, in clear, by
 * which the node that takes over finds it. The key is a hash and says nothing of the text.
 */
import type { OutgoingMessage, SendOutcome } from "@skein/chat";

import type { MatrixApi, SendRequest } from "./api.ts";
import type { Cipher } from "./cipher.ts";
import type { Failure } from "./http.ts";
import { describe, toOutcome } from "./outcome.ts";
import type { Content } from "./render.ts";
import type { Secrecy } from "./secrecy.ts";

export interface Encryption {
  readonly cipher: Cipher;
  readonly secrecy: Secrecy;
  readonly seal: Seal;
}

/** The same request, encrypted where the room is; or why it cannot be sent now. */
export type Seal = (
  request: SendRequest,
) => Promise<{ readonly type: "ok"; readonly value: SendRequest } | SendOutcome>;

export interface SealerDeps {
  readonly api: Pick<MatrixApi, "members">;
  readonly cipher: Cipher;
  readonly secrecy: Secrecy;
  readonly signal: AbortSignal;
}

const KEY = "skein.key";
const UNUSABLE_MS = 300_000;
const LOOK_BACK_MS = 60_000;
const PAGES_MAX = 20;

export function createSealer({ api, cipher, secrecy, signal }: SealerDeps): Seal {
  return async (request) => {
    const opened = await cipher.ready();
    if (opened.type === "unusable") {
      return { type: "retry", afterMs: UNUSABLE_MS, reason: opened.reason, scope: "account" };
    }
    if (opened.type !== "ok") return unsent(opened);
    const cryptography = opened.value;
    const { room, type, content } = request;
    const isEncrypted = await secrecy.isEncrypted(room, cryptography);
    if (isEncrypted.type !== "ok") return unsent(isEncrypted);
    if (!isEncrypted.value) return { type: "ok", value: request };
    const members = await api.members(room, signal);
    if (members.type !== "ok") return unsent(members);
    const { [KEY]: key, ...secret } = content;
    const encrypted = await cryptography.encrypt({ room, members: members.value, type, content: secret });
    if (encrypted.type !== "ok") return unsent(encrypted);
    return { type: "ok", value: { ...request, type: "m.room.encrypted", content: { ...encrypted.value, [KEY]: key } } };
  };
}

/** What failed before the message itself was sent: it certainly was not. */
const unsent = (failure: Failure): SendOutcome =>
  toOutcome(failure.type === "unclear" ? { type: "unsent", reason: failure.reason } : failure);

export const withKey = (content: Content, key: string): Content => ({ ...content, [KEY]: key });

/** Looks through what the account wrote since then, the newest first. */
export async function findSent(
  api: Pick<MatrixApi, "written" | "device">,
  { room, key }: OutgoingMessage,
  sinceMs: number,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const self = await api.device(signal);
  if (self.type !== "ok") return notKnown(self);
  let from: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await api.written({ room, sender: self.value.userId, from }, signal);
    if (page.type !== "ok") return notKnown(page);
    const { chunk, end } = page.value;
    // An edit has the key of what it says, and takes the place of another message.
    const found = chunk.find(
      ({ content, sender }) => content[KEY] === key && sender === self.value.userId && !isEdit(content),
    );
    if (found !== undefined) return { type: "sent", message: found.event_id };
    const isOlder = chunk.some(({ origin_server_ts }) => origin_server_ts < sinceMs - LOOK_BACK_MS);
    if (isOlder || end === undefined || end === from) return { type: "refused", reason: "it is not there" };
    from = end;
  }
  return { type: "uncertain", reason: "too much was written since" };
}

const notKnown = (failure: Failure): SendOutcome => ({ type: "uncertain", reason: describe(failure) });

function isEdit(content: Content): boolean {
  const relates = content["m.relates_to"];
  return typeof relates === "object" && relates !== null && "rel_type" in relates && relates.rel_type === "m.replace";
}
