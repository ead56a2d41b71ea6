/**
 * What an account has to say, as a pure function of the view: replies to commands and the cards of items. Each has a key made
 * of what it is about, so that every node plans the same messages, and one that was sent is never planned again.
 */
import {
  type Body,
  encode,
  isLive,
  type ItemHistory,
  type LiveItem,
  plain,
  type RoomCommand,
  type SentMark,
  toHex,
  type View,
} from "@skein/core";
import type { Json } from "@skein/node";

import type { AccountSettings } from "./account.ts";
import { itemLine } from "./answers.ts";
import { codeOf } from "./confirmation.ts";
import { PARTS_AT_ONCE, partsOf, shortened } from "./parts.ts";
import type { Button, Capabilities, OutgoingMessage } from "./transport.ts";

export interface Due {
  readonly message: OutgoingMessage;
  readonly mark: Omit<SentMark, "message" | "result" | "reason">;
  /** Wall time of what it answers: an uncertain send is looked for from then on. */
  readonly sinceMs: number;
  /** The command that it answers; undefined for what everybody plans. */
  readonly command?: string;
  /** Why it is left unsaid; it is marked so and not sent. */
  readonly suppressed?: string | undefined;
}

export interface DueContext {
  readonly view: View;
  readonly account: AccountSettings;
  readonly capabilities: Capabilities;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** The item as people see it. */
  readonly project: (item: LiveItem) => { readonly [key: string]: Json };
}

/** The same on every node and at every attempt. */
export const keyOf = (sha256: DueContext["sha256"], ...parts: readonly (string | number)[]): string =>
  toHex(sha256(encode(["skein/chat-key/1", ...parts])));

/** Rendering escapes and fences, which makes text longer. */
export const roomIn = ({ maxText, maxTextWithButtons }: Capabilities, withButtons: boolean = false): number =>
  Math.floor((withButtons ? (maxTextWithButtons ?? maxText) : maxText) * 0.75) - MORE.length;

const MORE = "\n… say more for the rest.";

const withMore = (part: Body | undefined): Body => [...(part ?? []), plain(MORE)];

// ── replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The parts of a command's reply, in order. */
export function repliesTo(command: RoomCommand, context: DueContext): readonly Due[] {
  const { account, capabilities, sha256 } = context;
  const { received, settled } = command;
  if (settled === undefined) return [];
  const all = partsOf(settled.reply, roomIn(capabilities, settled.outcome === "asked"));
  const parts =
    all.length > PARTS_AT_ONCE ? [...all.slice(0, PARTS_AT_ONCE - 1), withMore(all[PARTS_AT_ONCE - 1])] : all;
  return parts.map((body, part) => {
    const key = keyOf(sha256, "reply", command.id, part);
    const isLast = part === parts.length - 1;
    return {
      sinceMs: received.at,
      command: command.id,
      mark: {
        key,
        account: account.id,
        room: received.room,
        purpose: "reply",
        item: settled.item,
        // The last part closes the command; the others are of the message only.
        about: isLast ? command.id : `${command.id}/${part}`,
      },
      message: {
        ...messageTo(key, received.room, context),
        thread: received.thread === "" ? null : received.thread,
        quotes: received.message === "" || received.type !== "message" ? null : received.message,
        body,
        buttons: isLast && settled.outcome === "asked" ? confirmButtons(command.id, capabilities) : [],
      },
    };
  });
}

const confirmButtons = (command: string, { buttons }: Capabilities): readonly Button[] =>
  buttons < 2
    ? []
    : [
        { label: "Yes", value: `yes:${codeOf(command)}`, style: "danger" },
        { label: "No", value: `no:${codeOf(command)}`, style: "normal" },
      ];

// ── items ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const cardKey = ({ account, sha256 }: DueContext, room: string, item: string): string =>
  keyOf(sha256, "card", account.id, room, item);

/** The card of an item in a room: the root of its thread, edited as the item moves. */
export function cardOf(item: LiveItem, room: string, context: DueContext): Due {
  const key = cardKey(context, room, item.id);
  const { capabilities, account, project } = context;
  const body = itemLine(project(item));
  const buttons = cardButtons(item, capabilities);
  return {
    sinceMs: item.createdAt,
    mark: { key, account: account.id, room, purpose: "card", item: item.id, about: item.id },
    message: {
      ...messageTo(key, room, context),
      threadTitle: item.registers.title.value,
      body: shortened(body, roomIn(capabilities, buttons.length > 0)),
      buttons,
    },
  };
}

/** A message to a room that says nothing yet. */
export const messageTo = (key: string, room: string, { view, account }: DueContext): OutgoingMessage => ({
  key,
  room,
  thread: null,
  threadTitle: "",
  quotes: null,
  body: [],
  buttons: [],
  onlyFor: null,
  lastInboundMs: view.chat.lastInbound.get(`${account.id} ${room}`) ?? null,
});

/** The version in it keeps a late click from doing what was meant for another stage. */
export const buttonValue = (verb: string, item: LiveItem): string =>
  `${verb}:${item.id}:${item.best.id.slice(0, VERSION_LENGTH)}`;

/** Digits of the item's op in a button. */
export const VERSION_LENGTH = 16;

function cardButtons(item: LiveItem, { buttons }: Capabilities): readonly Button[] {
  if (buttons < 3) return [];
  const value = (verb: string): string => buttonValue(verb, item);
  const held = item.registers.hold.value !== "";
  const hold: Button = held
    ? { label: "Resume", value: value("unhold"), style: "primary" }
    : { label: "Hold", value: value("hold"), style: "normal" };
  switch (item.best.state.stage.stage) {
    case "Backlog":
      return [{ label: "Start", value: value("start"), style: "primary" }, hold];
    case "Coding":
      return [hold, { label: "Stop", value: value("stop"), style: "normal" }];
    case "Qa":
    case "Merge":
      return [hold];
    case "Archived":
      return [{ label: "Restore", value: value("restore"), style: "normal" }];
    default:
      return [];
  }
}

/** Is there anything to tell of the item? One in the Backlog has not begun. */
export const concerns = (item: ItemHistory): item is LiveItem =>
  isLive(item) && item.best.state.stage.stage !== "Backlog";
