/** A proved link: what the peer is told of this node's own feed, and what becomes of frames that do not fit. */
import {
  BUDGETS,
  createReplica,
  encodeMessage,
  feedId,
  foundMesh,
  type FrameRefusal,
  type Heads,
  type Message,
  ok,
  type Peer,
} from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { Journal } from "../journal.ts";
import { emptyLogStore } from "../testing/empty-log-store.ts";
import { createManualClock, createRecordedLink } from "../testing/link-stand.ts";
import { createAccount } from "./account.ts";
import { createPeerLink } from "./peer-link.ts";

const author = { signer: testSigner("us"), incarnation: new Uint8Array(8).fill(1) };
const OWN = feedId(author.signer.publicKey, author.incarnation);
const founded = foundMesh({ ...author, meshName: "m", nodeName: "us", wallMs: 1 }, testCrypto);
const FRIEND: Peer = { key: "bb", name: "friend", provisional: false, follows: null };

/** A link to a member that has proved its key; every frame it sends is refused for this reason. */
function stand(refusal: FrameRefusal["type"], heldBack?: string) {
  const replica = createReplica(founded.mesh, testCrypto);
  replica.take(founded.frame.bytes);
  const clock = createManualClock();
  const link = createRecordedLink();
  const told: Heads[] = [];
  const refused = { type: refusal, message: "it does not fit" };
  const journal: Pick<Journal, "offer"> = {
    offer: () => Promise.resolve(ok({ taken: 0, known: new Map(), disputed: new Set<string>(), forks: [], refused })),
  };
  const { handlers } = createPeerLink(link, true, {
    clock,
    crypto: testCrypto,
    // Of the journal a link that sends no chunk uses nothing else.
    journal: journal as Journal,
    replica,
    store: emptyLogStore,
    membership: () => replica.view().membership,
    createHandshake: () => ({
      start: () => [{ type: "proved", peer: FRIEND }],
      receive: () => [],
      admitted: () => [],
    }),
    admit: () => Promise.reject(new Error("it is a member")),
    onProved: () => undefined,
    onMessage: () => undefined,
    heldBack: () => heldBack,
    onTold: (_link, heads) => told.push(heads),
    onCaughtUp: () => undefined,
    onClosed: () => undefined,
    onRefusal: () => undefined,
    accountOf: () => createAccount(),
  });
  const hear = async (message: Message): Promise<void> => {
    handlers.onMessage(encodeMessage(message));
    // The journal's answer is a promise.
    await Promise.resolve();
    await Promise.resolve();
  };
  return { link, told, hear };
}

const frames: Message = { type: "frames", frames: [founded.frame.bytes], more: false };
const namedIn = (message: Message | undefined): readonly string[] =>
  message?.type === "heads" || message?.type === "want" ? [...message.heads.keys()] : ["nothing was told"];

test("a peer names the own feed before it is told of it, and then is told at once", async () => {
  const { link, told, hear } = stand("gap", OWN);
  expect(namedIn(link.sent.at(-1))).toEqual([]);
  await hear({ type: "heads", heads: new Map() });
  expect(told).toEqual([new Map()]);
  expect(namedIn(link.sent.at(-1))).toEqual([OWN]);
  await hear({ type: "heads", heads: new Map() });
  expect(told).toHaveLength(1);
});

test("a question that is got out of the node before it was told heads does not give the own feed away", async () => {
  const { link, hear } = stand("gap", OWN);
  await hear(frames);
  expect(link.sent.at(-1)?.type).toBe("want");
  expect(namedIn(link.sent.at(-1))).toEqual([]);
});

test("without a feed to ask about a peer is told everything", () => {
  const { link } = stand("gap");
  expect(namedIn(link.sent.at(-1))).toEqual([OWN]);
});

test.each(["not-a-member", "gap", "missing-dependency", "disputed"] as const)(
  "a frame refused with %s is asked about, and the peer is neither cut nor blamed",
  async (type) => {
    const { link, hear } = stand(type);
    for (let sent = 0; sent < BUDGETS.junk.burst + 1; sent++) await hear(frames);
    expect(link.closed()).toBeUndefined();
    expect(link.sent.at(-1)?.type).toBe("want");
  },
);

test.each(["not-a-member", "gap"] as const)("a flood of frames refused with %s ends the link in time", async (type) => {
  const { link, hear } = stand(type);
  for (let sent = 0; sent < 100; sent++) await hear(frames);
  expect(link.closed()).toBe("bad-frame");
});

test("a frame that nobody honest passes on ends the link at once", async () => {
  const { link, hear } = stand("bad-signature");
  await hear(frames);
  expect(link.closed()).toBe("bad-frame");
});
