/** What is said in an item's thread while its agent asks, and what comes of it. */
import {
  CHAT_ENTITY,
  commandIdOf,
  createReplica,
  type Draft,
  foundMesh,
  messageKey,
  type OpBody,
  type ReceiveBody,
  type Replica,
  type SentMark,
} from "@skein/core";
import { CHAT_SAMPLES, testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { AccountSettings } from "./account.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";

const ITEM = "0123456789ab";
const ROOM = "C1";
const ADA = "slack:T1/ada";
const me = { signer: testSigner("holder"), incarnation: new Uint8Array(8).fill(1) };
const sha256 = (bytes: Uint8Array): Uint8Array => testCrypto.sha256(bytes);

const account: AccountSettings = {
  id: "slack/main",
  kind: "slack",
  name: "main",
  enabled: true,
  pin: "",
  prefixes: [],
  rooms: [{ id: ROOM, role: "operator", guests: "operator", notices: "everything" }],
  roles: {},
  fourEyes: [],
  settings: {},
  secret: () => undefined,
};

function thread(): Replica {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "first", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const born = { title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
  write(replica, { kind: "item.create", ...born }, null);
  write(replica, { kind: "item.start" });
  write(replica, { kind: "item.claim", ttl: 1_000 });
  const card: Omit<SentMark, "key"> = {
    account: account.id,
    room: ROOM,
    purpose: "card",
    item: ITEM,
    about: ITEM,
    message: "card",
    result: "sent",
    reason: "",
  };
  write(replica, { kind: "chat.sent", sends: [{ key: "1".repeat(64), ...card }] });
  return replica;
}

function write(replica: Replica, body: OpBody, on?: string | null): void {
  const isItem = body.kind.startsWith("item.");
  const head = replica.view().items.get(ITEM)?.best?.id ?? null;
  const draft: Draft = {
    entity: isItem ? ITEM : CHAT_ENTITY,
    on: isItem ? (on === undefined ? head : on) : null,
    body,
  };
  replica.write([draft], me, 1_000);
}

const ask = (replica: Replica, question: string, text: string, options: readonly string[] = []): void =>
  write(replica, { kind: "item.ask", question, text, options });

let events = 0;

function say(replica: Replica, text: string, more: Partial<ReceiveBody> = {}, settings = account): Judgement {
  const event = `event-${events++}`;
  const body: ReceiveBody = {
    ...CHAT_SAMPLES["chat.receive"],
    account: account.id,
    event,
    room: ROOM,
    thread: "card",
    message: event,
    quotes: "",
    principal: ADA,
    direct: false,
    type: "message",
    text,
    at: 1_000,
    ...more,
  };
  write(replica, body);
  const command = replica.view().chat.commands.get(commandIdOf(account.id, event, sha256));
  if (command === undefined) throw new Error("the command is not there");
  return judge(command, {
    view: replica.view(),
    account: settings,
    nowMs: 1_000,
    sha256,
    canInterpret: false,
    maxText: 4_000,
  });
}

const writes = (question: string, text: string): object => ({
  type: "write",
  command: { name: "item.answer", input: { item: ITEM, question, text } },
});

test("what is said in the thread is the answer, word for word", () => {
  const replica = thread();
  ask(replica, "q001", "How?");
  expect(say(replica, "with --force, and a: b")).toMatchObject(writes("q001", "with --force, and a: b"));
});

test("an option is an answer also where it would be a verb, or the answer to the mesh itself", () => {
  const replica = thread();
  ask(replica, "q001", "Go on?", ["yes", "no", "start"]);
  for (const option of ["yes", "no", "start"]) {
    expect(say(replica, option)).toMatchObject(writes("q001", option));
  }
  expect(say(replica, "list").type).toBe("read");
});

test("an answer goes to the question that it replies to", () => {
  const replica = thread();
  ask(replica, "q001", "First?");
  ask(replica, "q002", "Second?");
  const mark = {
    account: account.id,
    room: ROOM,
    purpose: "question",
    item: ITEM,
    result: "sent",
    reason: "",
  } as const;
  write(replica, {
    kind: "chat.sent",
    sends: [{ key: "2".repeat(64), ...mark, about: "question/q002", message: "asks-2" }],
  });
  expect(replica.view().chat.messages.has(messageKey(account.id, ROOM, "asks-2"))).toBe(true);
  expect(say(replica, "it is blue", { quotes: "asks-2" })).toMatchObject(writes("q002", "it is blue"));
  expect(say(replica, "it is red")).toMatchObject(writes("q001", "it is red"));
});

test("a button answers its own question with the option as it was asked", () => {
  const replica = thread();
  ask(replica, "q001", "Which?", ["a:b", "--c", "x".repeat(80)]);
  for (const [place, option] of ["a:b", "--c", "x".repeat(80)].entries()) {
    const clicked = say(replica, `answer:${ITEM}:q001:${place}`, { type: "button", message: "asks" });
    expect(clicked).toMatchObject(writes("q001", option));
  }
  expect(say(replica, `answer:${ITEM}:q001:9`, { type: "button" })).toMatchObject({
    type: "settle",
    settling: { outcome: "refused" },
  });
});

test("the verb answers in any place, and without a question a line that is no command is refused", () => {
  const replica = thread();
  expect(say(replica, "hello there")).toMatchObject({ type: "settle", settling: { outcome: "refused" } });
  ask(replica, "q001", "How?");
  const said = say(replica, `answer #${ITEM} like this`, { thread: "" });
  expect(said).toMatchObject({
    type: "write",
    command: { name: "item.answer", input: { item: ITEM, text: "like this" } },
  });
});

test("a question that is over is not answered by what is said in its thread", () => {
  const replica = thread();
  ask(replica, "q001", "How?");
  const asked = replica.view().items.get(ITEM)?.annotations.questions.get("q001")?.id;
  write(replica, { kind: "item.unask", question: "q001", note: "The agent ended." }, asked ?? null);
  expect(say(replica, "like this")).toMatchObject({ type: "settle", settling: { outcome: "refused" } });
});
