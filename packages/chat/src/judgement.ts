/** What is to happen with a line from a room, and the answers that several judges give. */
import {
  type Body,
  type ChatBody,
  code,
  type Command,
  type LiveItem,
  plain,
  type Role,
  type RoomCommand,
  type SettleBody,
  type View,
} from "@skein/core";

import type { AccountSettings } from "./account.ts";
import type { Authority } from "./authority.ts";

export interface JudgeContext {
  readonly view: View;
  readonly account: AccountSettings;
  /** Wall time: a promise to a person ("good for ten minutes"). */
  readonly nowMs: number;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** How much text fits into one message here. */
  readonly maxText: number;
  /** There is somebody to ask what people mean who do not speak the grammar. */
  readonly canInterpret: boolean;
}

export type Settling = Omit<SettleBody, "kind" | "command" | "effects">;

export type Judgement =
  | { readonly type: "settle"; readonly settling: Settling; readonly effects?: readonly ChatBody[] }
  /** Asked from the node; its answer is the reply. */
  | { readonly type: "read"; readonly question: ReadQuestion; readonly item: string }
  /** No command: the interpreter may propose one, and a person confirms it. */
  | { readonly type: "interpret"; readonly text: string }
  | {
      readonly type: "write";
      readonly command: Command;
      readonly role: Role;
      /** What ids are made from: the id of the command that first asked for it. */
      readonly seed: string;
      readonly answers: string;
    };

export type ReadQuestion =
  | { readonly type: "command"; readonly command: Command }
  | { readonly type: "board"; readonly isLive: boolean }
  | { readonly type: "log"; readonly item: string };

export const settle = (outcome: Settling["outcome"], reply: Body, more: Partial<Settling> = {}): Judgement => ({
  type: "settle",
  settling: { outcome, reply, item: "", proposal: "", version: "", answers: "", ...more },
});

export const refuse = (message: string, more: Partial<Settling> = {}): Judgement =>
  settle("refused", [plain(message)], more);
export const ignore = (more: Partial<Settling> = {}): Judgement => settle("ignored", [], more);

export function refuseStranger({ received }: RoomCommand, { person }: Authority): Judgement {
  if (person !== undefined) return refuse(`${person.name} may do nothing here.`);
  return settle("refused", [
    plain("I do not know you yet. Somebody who runs a node says "),
    code("skein pair NAME"),
    plain(`; write me the code in a direct message: `),
    code("pair CODE"),
    plain(`. You are ${received.principal} here.`),
  ]);
}

export const movedOn = (item: LiveItem): string =>
  `That was meant for how it stood before: ${item.registers.title.value} is in ${item.best.state.stage.stage} now. Look again, and say it again if you still want it.`;
