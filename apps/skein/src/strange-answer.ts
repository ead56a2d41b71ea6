/**
 * Asks a page that nobody has vouched for: whatever is at an address that a person typed. Its answer is short, of flat texts,
 * from that very address, and what of it is shown is one line.
 */
import { plainOutput } from "@skein/core";

import { Failure, reasonOf } from "./failure.ts";
import { cutTo } from "./text-width.ts";

export type Fields = Readonly<Record<string, string | undefined>>;

/** Headers and all of the body together. */
const ANSWER_MS = 30_000;
const ANSWER_BYTES = 64 * 1024;
const SHOWN_COLUMNS = 300;

/** The texts of its answer. Anything else than an answer of a node ends in a Failure that says what came instead. */
export async function askStranger(origin: string, path: string, body: Fields): Promise<Fields> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(`${origin}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    redirect: "manual",
    signal,
  }).catch((cause: unknown) => {
    throw away(origin, cause);
  });
  if (response.status >= 300 && response.status < 400) throw passedOn(origin, response.headers.get("location") ?? "");
  const text = await shortText(response).catch((cause: unknown) => {
    throw away(origin, cause);
  });
  const answer = text === undefined ? undefined : fieldsOf(text);
  if (answer === undefined) throw notANode(origin);
  if (response.ok) return answer;
  const why = oneLine(answer["message"] ?? "") || `status ${response.status}`;
  throw new Failure(`The node at ${origin} lets nobody in with this key. It says: ${why}`);
}

export const notANode = (origin: string): Failure =>
  new Failure(`What answers at ${origin} is no node's page. Give the address that \`skein up\` prints there.`);

/** What was signed counts for one address. Going on to where somebody else points would sign for that one. */
function passedOn(origin: string, location: string): Failure {
  const to = URL.canParse(location, origin) ? oneLine(new URL(location, origin).origin) : "nowhere";
  return new Failure(
    `${origin} points on to ${to}, where nobody is followed. If that is the node's page, give its address with --at.`,
  );
}

const away = (origin: string, cause: unknown): Failure =>
  new Failure(`The node at ${origin} does not answer: ${oneLine(causeOf(cause))}.`);

/** fetch says little of why; what lies below it says more (a refused connection, a certificate nobody vouches for). */
const causeOf = (cause: unknown): string =>
  cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : reasonOf(cause);

/** Undefined when it is longer than any answer of a node. What is packed is counted as it comes out. */
async function shortText({ body }: Response): Promise<string | undefined> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    // Leaving the loop ends the connection.
    if (size > ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Its texts, or those of its error; undefined when it is no object in JSON. */
function fieldsOf(text: string): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = typeof value === "object" && value !== null && "error" in value ? value.error : value;
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return undefined;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, one]) => (typeof one === "string" ? [[key, one]] : [])),
  );
}

/** Somebody else's words in a sentence of ours: no line of its own, and no end. */
const oneLine = (text: string): string => cutTo(plainOutput(text).replaceAll(/\s+/g, " ").trim(), SHOWN_COLUMNS);
