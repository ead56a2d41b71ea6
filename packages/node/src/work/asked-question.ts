/** What an agent wrote to ask something → a question, or one sentence saying why it is none. The bytes may be anything. */
import { err, ok, readBody, type Result } from "@skein/core";

export interface AskedQuestion {
  readonly text: string;
  readonly options: readonly string[];
}

const SHAPE = 'Write {"text": "…"}, with "options": ["…", "…"] when only some answers will do.';

export function readQuestion(bytes: Uint8Array): Result<AskedQuestion, string> {
  const value = parse(bytes);
  if (value === undefined) return err(`The question is not JSON in UTF-8. ${SHAPE}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return err(`The question is not a JSON object. ${SHAPE}`);
  }
  const { text, options = [], ...rest }: { text?: unknown; options?: unknown } = value;
  if (Object.keys(rest).length > 0) return err(`The question has a key that is neither text nor options. ${SHAPE}`);
  if (typeof text !== "string" || text.trim() === "") return err(`The question has no text. ${SHAPE}`);
  if (!isTexts(options)) return err(`The options of the question are not a list of texts. ${SHAPE}`);
  return checkQuestion({ text, options });
}

/** What holds of a question however it was asked. */
export function checkQuestion({ text, options }: AskedQuestion): Result<AskedQuestion, string> {
  if (options.some((option) => option.trim() !== option || option === "")) {
    return err("An option of the question is empty, or has spaces around it.");
  }
  if (new Set(options.map((option) => option.toLowerCase())).size < options.length) {
    return err("Two options of the question are the same.");
  }
  if (readBody({ kind: "item.ask", body: { question: "0000", text, options: [...options] } }) === undefined) {
    return err("A question has at most 2000 characters and 10 options, each of one line and 80 characters.");
  }
  return ok({ text, options });
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // Neither kind of failure says more than that these bytes are no question.
    return undefined;
  }
}
