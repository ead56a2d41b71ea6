/** Lines, clicks and reactions as they are judged against a real view. */
import { plainText } from "@skein/core";

import type { AccountSettings } from "../account.ts";
import { codeOf } from "../confirmation.ts";
import { judge } from "../judge.ts";
import type { Judgement } from "../judgement.ts";
import type { InboundEvent } from "../transport.ts";
import { createMeshDouble, type MeshDouble } from "./desk-double.ts";
import { accountOf, addItem, chatDraft, commandId, eventOf, pair, receiveDraft, sha256 } from "./rooms.ts";

export const ITEM = "0123456789ab";
export const OTHER = "ba9876543210";
export const ADA = "fake:ada";
export const BOB = "fake:bob";
export const MINUTE_MS = 60_000;

export interface Stand {
  readonly mesh: MeshDouble;
  readonly account: AccountSettings;
}

export function stand(more: Partial<AccountSettings> = {}): Stand {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  pair(mesh, "ada", ADA);
  pair(mesh, "bob", BOB);
  addItem(mesh, ITEM, "Say hello");
  return { mesh, account: accountOf(more) };
}

/** Makes an event durable as it is, and judges it. */
export function hear({ mesh, account }: Stand, event: InboundEvent, ageMs: number = 0): Judgement {
  const { chat } = mesh.view();
  const id = commandId(event, account.id);
  if (!chat.commands.has(id)) {
    mesh.write(receiveDraft(event, account.id, mesh.clock.wallMs() - ageMs));
  }
  const command = mesh.view().chat.commands.get(id);
  if (command === undefined) throw new Error("it was just received");
  return judge(command, {
    view: mesh.view(),
    account,
    nowMs: mesh.clock.wallMs(),
    sha256,
    canInterpret: false,
    maxText: 3_000,
  });
}

/** Judges it, and writes what it was settled with. */
export function settled(of: Stand, event: InboundEvent, ageMs: number = 0): Judgement {
  const judgement = hear(of, event, ageMs);
  if (judgement.type !== "settle") return judgement;
  const command = commandId(event, of.account.id);
  of.mesh.write(chatDraft({ kind: "chat.settle", effects: 0, command, ...judgement.settling }));
  return judgement;
}

export const wordsOf = (judgement: Judgement): string =>
  judgement.type === "settle"
    ? `${judgement.settling.outcome}: ${plainText(judgement.settling.reply)}`
    : judgement.type;

export const writes = (judgement: Judgement): unknown =>
  judgement.type === "write" ? [judgement.command.name, judgement.command.input] : wordsOf(judgement);

export const say = (of: Stand, text: string, more: Partial<InboundEvent> = {}, ageMs: number = 0): Judgement =>
  hear(of, eventOf(text, more), ageMs);

/** Asks for something that asks back, and returns the code. */
export function asked(of: Stand, text: string, more: Partial<InboundEvent> = {}, ageMs: number = 0): string {
  const event = eventOf(text, more);
  const words = wordsOf(settled(of, event, ageMs));
  if (!words.startsWith("asked: ")) throw new Error(`it does not ask: ${words}`);
  return codeOf(commandId(event, of.account.id));
}
