/**
 * What an account has to say, as a pure function of the view: replies, cards, stage notices, questions. Each has a key made
 * of what it is about, so that every node plans the same messages, and one that was sent is never planned again.
 */
import {
  type Body,
  type ChatView,
  encode,
  isLive,
  type ItemHistory,
  type LiveItem,
  messageKey,
  openQuestions,
  plain,
  type RoomCommand,
  type SentMark,
  strong,
  toHex,
  type View,
} from "@skein/core";
import type { Json } from "@skein/node";

import { type AccountSettings, type RoomSettings, VERBOSITIES } from "./account.ts";
import { itemLine } from "./answers.ts";
import { codeOf } from "./confirmation.ts";
import { partsOf } from "./parts.ts";
import { questionBody, questionButtons } from "./questions.ts";
import type { Button, Capabilities, OutgoingMessage } from "./transport.ts";

export interface Due {
  readonly message: OutgoingMessage;
  readonly mark: Omit<SentMark, "message" | "result" | "reason">;
  /** Wall time of what it answers: an uncertain send is looked for from then on. */
  readonly sinceMs: number;
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
const roomIn = ({ maxText }: Capabilities): number => Math.floor(maxText * 0.75);

// ── replies ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The parts of a command's reply, in order. */
export function repliesTo(command: RoomCommand, context: DueContext): readonly Due[] {
  const { account, capabilities, sha256 } = context;
  const { received, settled } = command;
  if (settled === undefined) return [];
  const parts = partsOf(settled.reply, roomIn(capabilities));
  return parts.map((body, part) => {
    const key = keyOf(sha256, "reply", command.id, part);
    const isLast = part === parts.length - 1;
    return {
      sinceMs: received.at,
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
        key,
        room: received.room,
        thread: received.thread === "" ? null : received.thread,
        threadTitle: "",
        quotes: received.message === "" || received.type !== "message" ? null : received.message,
        body,
        buttons: isLast && settled.outcome === "asked" ? confirmButtons(command.id, capabilities) : [],
        onlyFor: null,
        lastInboundMs: received.at,
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

const tells = (room: RoomSettings, level: RoomSettings["notices"]): boolean =>
  VERBOSITIES.indexOf(room.notices) >= VERBOSITIES.indexOf(level);

/** Rooms that hear of items: named ones with an ear for it. */
export const roomsFor = (account: AccountSettings): readonly RoomSettings[] =>
  account.rooms.filter((room) => room.id !== "*" && tells(room, "important"));

export const cardKey = ({ account, sha256 }: DueContext, room: string, item: string): string =>
  keyOf(sha256, "card", account.id, room, item);

/** The card of an item in a room: the root of its thread, edited as the item moves. */
export function cardOf(item: LiveItem, room: string, context: DueContext): Due {
  const key = cardKey(context, room, item.id);
  const { capabilities, account, project } = context;
  const why = item.best.state.note;
  const body: Body = [...itemLine(project(item)), ...(why === "" ? [] : [plain(`\n${why}`)])];
  return {
    sinceMs: item.createdAt,
    mark: { key, account: account.id, room, purpose: "card", item: item.id, about: item.id },
    message: {
      ...blank(key, room),
      threadTitle: item.registers.title.value,
      body: body.map((span) => ({ ...span, text: span.text.slice(0, 1_000) })),
      buttons: cardButtons(item, capabilities),
    },
  };
}

const blank = (key: string, room: string): OutgoingMessage => ({
  key,
  room,
  thread: null,
  threadTitle: "",
  quotes: null,
  body: [],
  buttons: [],
  onlyFor: null,
  lastInboundMs: null,
});

/** The version in the value keeps a late click from doing what was meant for another stage. */
function cardButtons(item: LiveItem, { buttons }: Capabilities): readonly Button[] {
  if (buttons < 3) return [];
  const value = (verb: string): string => `${verb}:${item.id}:${item.best.id.slice(0, 16)}`;
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

/** What happened to an item lately, one line each, as far as this room wants to hear it. */
export function noticesOf(item: LiveItem, room: RoomSettings, context: DueContext): readonly Due[] {
  const { account, capabilities, sha256 } = context;
  const { state, id: op } = item.best;
  const { stage } = state.stage;
  const isEnd = stage === "Done" || stage === "Archived";
  const level = isEnd ? "important" : "stages";
  const due: Due[] = [];
  const thread = threadOf(item, room.id, context);
  if (tells(room, level) && stage !== "Backlog") {
    // The stage and its epoch, not the op: being released and claimed again is nothing new.
    const key = keyOf(sha256, "stage", account.id, room.id, item.id, stage, isEnd ? op : state.generation);
    due.push({
      sinceMs: item.updatedAt,
      mark: { key, account: account.id, room: room.id, purpose: "notice", item: item.id, about: op },
      message: {
        ...blank(key, room.id),
        thread,
        threadTitle: item.registers.title.value,
        body: stageLine(item, context),
      },
    });
  }
  return [...due, ...questionsOf(item, room, thread, capabilities, context)];
}

/** The card, when the platform can gather messages under it. */
const threadOf = (item: ItemHistory, room: string, context: DueContext): string | null => {
  if (!context.capabilities.threads) return null;
  const mark = context.view.chat.sent.get(cardKey(context, room, item.id));
  return mark === undefined || mark.message === "" ? null : mark.message;
};

function stageLine(item: LiveItem, { project, capabilities }: DueContext): Body {
  const line = itemLine(project(item));
  const { note } = item.best.state;
  if (!capabilities.threads) return note === "" ? line : [...line, plain(`\n${note}`)];
  const { stage } = item.best.state.stage;
  return [strong(stage), plain(note === "" ? "" : `: ${note}`)];
}

function questionsOf(
  item: LiveItem,
  room: RoomSettings,
  thread: string | null,
  capabilities: Capabilities,
  { account, sha256 }: DueContext,
): readonly Due[] {
  return openQuestions(item).map((asked) => {
    const { question, wall } = asked;
    const key = keyOf(sha256, "question", account.id, room.id, item.id, question);
    return {
      sinceMs: wall,
      mark: { key, account: account.id, room: room.id, purpose: "question", item: item.id, about: question },
      message: {
        ...blank(key, room.id),
        thread,
        threadTitle: item.registers.title.value,
        body: questionBody(item, asked),
        buttons: questionButtons(item, asked, capabilities.buttons),
      },
    };
  });
}

/** Has the room anything to do with the item? A command about it was said there, or it has left the Backlog. */
export const concerns = (item: ItemHistory): item is LiveItem =>
  isLive(item) && item.best.state.stage.stage !== "Backlog";

export const isSaid = (chat: ChatView, key: string): boolean => chat.sent.has(key);

export const sentAs = (chat: ChatView, account: string, room: string, message: string): SentMark | undefined =>
  chat.messages.get(messageKey(account, room, message));
