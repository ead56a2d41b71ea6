/** How a turn ended, in words that follow "The agent". */
import { harmlessLine } from "./harmless.ts";

const STOP_WORDS: Readonly<Record<string, string>> = {
  end_turn: "ended its turn",
  max_tokens: "used up the tokens of its turn before it was done",
  max_turn_requests: "made as many requests as a turn may have before it was done",
  refusal: "refused to go on",
  cancelled: "said that its turn was cancelled",
};

/** The agent's word that it has come to its end, and not to a limit. */
export const isDone = (reason: unknown): boolean => reason === "end_turn";

const SAID_LONGEST = 300;

export function stopWords(reason: unknown): string {
  const words = typeof reason === "string" && Object.hasOwn(STOP_WORDS, reason) ? STOP_WORDS[reason] : undefined;
  return words ?? `ended its turn for a reason that is not in the protocol (${said(String(reason))})`;
}

export const failureWords = (message: string): string => `failed: ${said(message)}`;

/** What an agent said, inside of a sentence of ours. */
export const said = (text: string): string => harmlessLine(text, SAID_LONGEST).replace(/[.\s]+$/, "");
