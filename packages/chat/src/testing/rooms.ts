/** People in rooms: accounts, events, and persons who were paired, for tests of what is made of them. */
import {
  CHAT_ENTITY,
  type ChatBody,
  commandIdOf,
  type Draft,
  isLive,
  type LiveItem,
  type Role,
  type SettleBody,
} from "@skein/core";
import { testCrypto } from "@skein/core/testing";

import type { AccountSettings } from "../account.ts";
import type { InboundEvent } from "../transport.ts";
import type { MeshDouble } from "./desk-double.ts";

export const sha256 = (bytes: Uint8Array): Uint8Array => testCrypto.sha256(bytes);

export const ROOM = "!project";

export const accountOf = (more: Partial<AccountSettings> = {}): AccountSettings => {
  const { kind = "fake", name = "main" } = more;
  return {
    kind,
    name,
    id: `${kind}/${name}`,
    enabled: true,
    pin: "",
    prefixes: ["!skein"],
    rooms: [{ id: ROOM, role: "operator", guests: "none", notices: "nothing" }],
    roles: {},
    fourEyes: [],
    settings: {},
    secret: () => undefined,
    ...more,
  };
};

let events = 0;

/** A message with a prefix in the project's room, unless something else is said. */
export const eventOf = (text: string, more: Partial<InboundEvent> = {}): InboundEvent => {
  const id = more.id ?? `$${++events}`;
  return {
    id,
    type: "message",
    principal: "fake:ada",
    displayName: "Ada",
    room: ROOM,
    direct: false,
    thread: null,
    message: id,
    quotes: null,
    text,
    addressed: true,
    atMs: 1_790_000_000_000,
    ...more,
  };
};

export const commandId = (event: Pick<InboundEvent, "id">, account: string = "fake/main"): string =>
  commandIdOf(account, event.id, sha256);

export const chatDraft = (body: ChatBody): Draft => ({ entity: CHAT_ENTITY, on: null, body });

/** An event as it lies in the log. */
export const receiveDraft = (event: InboundEvent, account: string = "fake/main", at: number = event.atMs): Draft =>
  chatDraft({
    kind: "chat.receive",
    account,
    event: event.id,
    type: event.type,
    principal: event.principal,
    name: event.displayName,
    room: event.room,
    direct: event.direct,
    thread: event.thread ?? "",
    message: event.message,
    quotes: event.quotes ?? "",
    text: event.text,
    at,
  });

/** How a command ended. */
export const settleDraft = (event: Pick<InboundEvent, "id">, more: Partial<SettleBody> = {}): Draft =>
  chatDraft({
    kind: "chat.settle",
    effects: 0,
    command: commandId(event),
    outcome: "done",
    reply: [],
    item: "",
    proposal: "",
    version: "",
    answers: "",
    ...more,
  });

/** Makes a principal a person, as a code and its use would. */
export function pair(
  mesh: MeshDouble,
  person: string,
  principal: string,
  more: { readonly role?: Role; readonly member?: string } = {},
): void {
  const code = `code of ${principal} for ${person} ${events++}`;
  const { role = "operator", member = "" } = more;
  const hash = sha256(new TextEncoder().encode(code));
  mesh.write(
    chatDraft({ kind: "person.invite", person, role, member, code: hash, expires: mesh.clock.wallMs() + 1 }),
    chatDraft({ kind: "person.link", principal, code }),
  );
}

/** A story, as the founder adds it. */
export function addItem(mesh: MeshDouble, id: string, title: string, text: string = ""): LiveItem {
  mesh.write({
    entity: id,
    on: null,
    body: { kind: "item.create", title, text, type: "story", priority: 5, labels: [], dependsOn: [] },
  });
  return itemOf(mesh, id);
}

export function itemOf(mesh: MeshDouble, id: string): LiveItem {
  const item = mesh.view().items.get(id);
  if (item === undefined || !isLive(item)) throw new Error(`there is no item ${id}`);
  return item;
}

/** The mesh has sent a message, which is about this. */
export const sentDraft = (
  message: string,
  more: {
    readonly about?: string;
    readonly item?: string;
    readonly account?: string;
    readonly room?: string;
    readonly purpose?: "reply" | "card" | "question";
  } = {},
): Draft => {
  const { about = "x", item = "", account = "fake/main", room = ROOM, purpose = "card" } = more;
  const key = [...sha256(new TextEncoder().encode(`${account} ${room} ${message}`))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return chatDraft({
    kind: "chat.sent",
    sends: [{ key, account, room, message, purpose, item, about, result: "sent", reason: "" }],
  });
};
