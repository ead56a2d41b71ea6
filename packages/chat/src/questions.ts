/** What agents ask about items, and which of it somebody in a room means to answer. */
import { type LiveItem, messageKey, openQuestions, type RoomCommand, type View } from "@skein/core";

export interface OpenQuestion {
  readonly item: string;
  readonly question: string;
  readonly options: readonly string[];
}

/** The oldest first. */
export function openQuestionsOf(view: View, item: string): readonly OpenQuestion[] {
  const history = view.items.get(item);
  if (history === undefined) return [];
  return openQuestions(history).map(({ question, options }) => ({ item, question, options }));
}

export const hasOpenQuestion = (view: View, item: string): boolean => openQuestionsOf(view, item).length > 0;

/** What a notice about a question is about (`about` in its mark). */
export const questionTopic = (question: string): string => `question/${question}`;

/**
 * The question that a line answers although it may begin like a command: one of its options, or said in reply to the very
 * message that asked.
 */
export function questionAnsweredBy(
  line: string,
  { received }: RoomCommand,
  threadItem: string | undefined,
  view: View,
): OpenQuestion | undefined {
  if (threadItem === undefined) return undefined;
  const open = openQuestionsOf(view, threadItem);
  const quoted = view.chat.messages.get(messageKey(received.account, received.room, received.quotes));
  const asked = open.find(({ question }) => quoted?.about === questionTopic(question));
  if (asked !== undefined && asked.options.length === 0) return asked;
  const said = line.trim().toLowerCase();
  return (asked === undefined ? open : [asked]).find(({ options }) =>
    options.some((option) => option.toLowerCase() === said),
  );
}

/** A button names its question and the place of its option: options may hold anything and be long. */
export const answerValue = (item: LiveItem, question: string, place: number): string =>
  `answer:${item.id}:${question}:${place}`;

/** The question and the option that a button's value names, as long as nobody has answered. */
export function pressedAnswer(
  value: string,
  view: View,
): { readonly question: OpenQuestion; readonly option: string } | undefined {
  const [, item = "", id = "", place = ""] = value.split(":");
  const question = openQuestionsOf(view, item).find((one) => one.question === id);
  const option = /^\d{1,2}$/.test(place) ? question?.options[Number(place)] : undefined;
  return question === undefined || option === undefined ? undefined : { question, option };
}

const LABEL_LENGTH = 20;

/** Without half of a surrogate pair at its end, and never nothing. */
export const labelOf = (option: string): string =>
  option
    .slice(0, LABEL_LENGTH)
    .replace(/[\ud800-\udbff]$/u, "")
    .trim() || "…";
