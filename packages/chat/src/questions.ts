/**
 * What agents ask, as rooms see it: the message that asks, with a button for each option, and what is meant as an answer in
 * the item's thread. What is said there goes into the answer as it is; nothing in it is read as a flag or another command.
 */
import {
  type Body,
  code,
  isOpen,
  type LiveItem,
  messageKey,
  openQuestions,
  plain,
  type Question,
  type RoomCommand,
  strong,
  type View,
} from "@skein/core";

import type { Button } from "./transport.ts";

/** In the words of the language that is spoken there. */
export interface QuestionWords {
  readonly asks: string;
  readonly oneOf: string;
  readonly reply: string;
}

export function questionBody(
  { id, registers }: LiveItem,
  { text, options }: Question,
  { asks, oneOf, reply }: QuestionWords,
): Body {
  return [
    strong(asks),
    plain(" "),
    code(`#${id.slice(0, 6)}`),
    plain(` ${registers.title.value}: ${text}`),
    ...(options.length === 0 ? [] : [plain(`\n${oneOf}: ${options.join(", ")}`)]),
    plain(`\n${reply} `),
    code(`answer #${id.slice(0, 6)} …`),
  ];
}

/** The value names the option by its place: an option may hold anything, and platforms cut long values. */
export const questionButtons = ({ id }: LiveItem, { question, options }: Question, most: number): readonly Button[] =>
  options.length > most
    ? []
    : options.map((option, place) => ({
        label: option.slice(0, 20),
        value: `answer:${id}:${question}:${place}`,
        style: "normal",
      }));

/** What a message that asks is marked to be about begins with; the question's id follows. */
export const TOPIC = "question/";

/** What `item.answer` takes. */
export interface AnswerInput {
  readonly [field: string]: string;
  readonly item: string;
  readonly question: string;
  readonly text: string;
}

/** What a click on one of the buttons above means; undefined when there is no such question or option. */
export function answerOfButton(value: string, { items }: View): AnswerInput | undefined {
  const [, item = "", question = "", place = ""] = value.split(":");
  const text = items.get(item)?.annotations.questions.get(question)?.options[Number(place)];
  return text === undefined ? undefined : { item, question, text };
}

/** The question that a line in the item's thread would answer: the one it replies to, or the oldest. */
export function askedHere({ received }: RoomCommand, item: string, { items, chat }: View): Question | undefined {
  const history = items.get(item);
  if (history === undefined) return undefined;
  const { account, room, quotes } = received;
  const mark = quotes === "" ? undefined : chat.messages.get(messageKey(account, room, quotes));
  const topic = mark?.purpose === "question" ? mark.about.slice(TOPIC.length) : "";
  const quoted = history.annotations.questions.get(topic);
  if (quoted !== undefined && isOpen(quoted, history.best?.state)) return quoted;
  return openQuestions(history)[0];
}

export const hasOpenQuestion = ({ items }: View, item: string): boolean => {
  const history = items.get(item);
  return history !== undefined && openQuestions(history).length > 0;
};

export const isOption = ({ options }: Question, line: string): boolean =>
  options.some((option) => option.toLowerCase() === line.trim().toLowerCase());
