/** One op body of every chat kind, for tests that go over all kinds. A new kind is a build error until it is here. */
import type { ChatBody, ChatKind } from "../op/chat-bodies.ts";
import { testCrypto } from "./test-crypto.ts";

const HASH = "c".repeat(64);
const PAIRING_CODE = "7K3M9QXR2VBTHW4N";

export const CHAT_SAMPLES: { readonly [K in ChatKind]: Extract<ChatBody, { kind: K }> } = {
  "lease.claim": { kind: "lease.claim", lease: "matrix/main", epoch: 1, ttl: 30_000 },
  "lease.release": { kind: "lease.release", lease: "matrix/main", epoch: 1 },
  "chat.receive": {
    kind: "chat.receive",
    account: "matrix/main",
    event: "$1",
    type: "message",
    principal: "matrix:@ada:example.org",
    name: "Ada",
    room: "!r:example.org",
    direct: false,
    thread: "",
    message: "$1",
    quotes: "",
    text: "list",
    at: 7,
  },
  "chat.settle": {
    kind: "chat.settle",
    command: HASH,
    outcome: "done",
    reply: [{ text: "Done.", style: "plain" }],
    item: "0123456789ab",
    proposal: "",
    version: "",
    answers: "",
    effects: 0,
  },
  "chat.sent": {
    kind: "chat.sent",
    sends: [
      {
        key: HASH,
        account: "matrix/main",
        room: "!r:example.org",
        message: "$2",
        purpose: "reply",
        item: "",
        about: HASH,
        result: "sent",
        reason: "",
      },
    ],
  },
  "chat.spend": { kind: "chat.spend", account: "discord/main", budget: "identify" },
  "notice.set": { kind: "notice.set", target: "matrix/main !r:example.org", field: "verbosity", value: "quiet" },
  "person.invite": {
    kind: "person.invite",
    person: "ada",
    role: "operator",
    member: "",
    code: testCrypto.sha256(new TextEncoder().encode(PAIRING_CODE)),
    expires: 9,
  },
  "person.link": { kind: "person.link", principal: "matrix:@ada:example.org", code: PAIRING_CODE },
  "person.unlink": { kind: "person.unlink", principal: "matrix:@ada:example.org" },
  "person.role": { kind: "person.role", person: "ada", role: "none" },
  "timer.set": {
    kind: "timer.set",
    timer: "0123456789ab",
    due: 9,
    account: "matrix/main",
    room: "!r:example.org",
    thread: "",
    item: "",
    text: "look again",
    by: "matrix:@ada:example.org",
  },
  "timer.cancel": { kind: "timer.cancel", timer: "0123456789ab" },
};
