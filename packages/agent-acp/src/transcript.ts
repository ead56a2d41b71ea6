/**
 * What an agent reports while it works → lines of the attempt's log that a person can follow.
 *
 * Text is written as it comes; a new kind of report begins on a new line. Everything is an agent's word: it is made harmless
 * and bounded, and an update of a kind that is not known says nothing.
 */
import { field, listAt, textAt } from "./untrusted.ts";
import { harmless, harmlessLine } from "./harmless.ts";

export interface Transcript {
  /** The parameters of `session/update`. */
  readonly update: (params: unknown) => void;
  /** A line of the conversation's own. */
  readonly say: (line: string) => void;
  /** What the agent's process wrote to standard error, as it is. */
  readonly raw: (chunk: Uint8Array) => void;
  /** The end of what the agent has said as text; what it says after anything else begins on a new line. */
  readonly said: () => string;
  /** While an earlier conversation is replayed nothing of it is written. */
  readonly mute: (isMuted: boolean) => void;
}

const TEXT_LONGEST = 16_000;
const RESULT_LONGEST = 2_000;
const SAID_LONGEST = 16_000;
const LINE_LONGEST = 300;
const ENTRIES_MOST = 50;
const CALLS_MOST = 1_000;

type Source = "message" | "thought" | "line" | "raw";

interface Pen {
  write(source: Source, text: string): void;
  raw(chunk: Uint8Array): void;
  /** Who wrote last. */
  last(): Source;
}

export function createTranscript(onOutput: (chunk: Uint8Array) => void): Transcript {
  const pen = createPen(onOutput);
  const calls = new Map<string, string>();
  let isMuted = false;
  let told = "";
  const tell = (text: string): void => {
    // Something else came between: two messages are never read as one line.
    const isNew = pen.last() !== "message" && told !== "" && !told.endsWith("\n");
    told = `${told}${isNew ? "\n" : ""}${text}`.slice(-SAID_LONGEST);
    pen.write("message", text);
  };
  const say = (line: string): void => pen.write("line", `${harmlessLine(line, LINE_LONGEST)}\n`);
  return {
    update: (params) => {
      const update = field(params, "update");
      const kind = textAt(update, "sessionUpdate");
      if (isMuted || kind === undefined) return;
      if (kind === "agent_message_chunk") tell(chunkText(update));
      else if (kind === "agent_thought_chunk") pen.write("thought", chunkText(update));
      else for (const line of linesOf(kind, update, calls)) pen.write("line", `${line}\n`);
    },
    say,
    raw: (chunk) => pen.raw(chunk),
    said: () => told,
    mute: (muted) => {
      isMuted = muted;
    },
  };
}

function createPen(onOutput: (chunk: Uint8Array) => void): Pen {
  const encoder = new TextEncoder();
  let last: Source = "line";
  let isAtStart = true;
  const begin = (source: Source): string => {
    const isNew = source !== last || source === "line";
    const end = isNew && !isAtStart ? "\n" : "";
    const mark = source === "thought" && isNew ? "(thinking) " : "";
    last = source;
    return end + mark;
  };
  return {
    write: (source, text) => {
      if (text === "") return;
      onOutput(encoder.encode(begin(source) + text));
      isAtStart = text.endsWith("\n");
    },
    raw: (chunk) => {
      if (chunk.length === 0) return;
      const before = begin("raw");
      if (before !== "") onOutput(encoder.encode(before));
      onOutput(chunk);
      isAtStart = chunk.at(-1) === 0x0a;
    },
    last: () => last,
  };
}

function chunkText(update: unknown): string {
  const content = field(update, "content");
  return harmless(contentText(content), TEXT_LONGEST);
}

/** A content block in words. */
function contentText(content: unknown): string {
  switch (textAt(content, "type")) {
    case "text":
      return textAt(content, "text") ?? "";
    case "resource_link":
      return `[${textAt(content, "uri") ?? "a link"}]`;
    case "resource":
      return `[${textAt(field(content, "resource"), "uri") ?? "a resource"}]`;
    case "image":
    case "audio":
      return `[${textAt(content, "type") ?? ""}]`;
    default:
      return "";
  }
}

function linesOf(kind: string, update: unknown, calls: Map<string, string>): readonly string[] {
  switch (kind) {
    case "tool_call":
    case "tool_call_update":
      return toolLines(update, calls);
    case "plan":
      return planLines(listAt(update, "entries"));
    case "notice":
      return [noticeLine(update)];
    case "current_mode_update":
      return [harmlessLine(`[mode] ${textAt(update, "currentModeId") ?? ""}`, LINE_LONGEST)];
    case "compaction_update":
      return [harmlessLine(`[compaction] ${textAt(update, "status") ?? ""}`, LINE_LONGEST)];
    default:
      return [];
  }
}

/** A call is told when it begins and when it has ended; what it gave is told then. */
function toolLines(update: unknown, calls: Map<string, string>): readonly string[] {
  const id = textAt(update, "toolCallId") ?? "";
  const known = calls.get(id);
  const status = textAt(update, "status");
  const title = textAt(update, "title");
  const name =
    title === undefined && known !== undefined
      ? known
      : harmlessLine(`[${textAt(update, "kind") ?? "tool"}] ${title ?? id}`, LINE_LONGEST);
  const isOver = status === "completed" || status === "failed";
  if (isOver) calls.delete(id);
  else if (known !== undefined || calls.size < CALLS_MOST) calls.set(id, name);
  if (!isOver) return known === undefined ? [name] : [];
  return [`${name}: ${status}`, ...resultLines(listAt(update, "content"))];
}

function resultLines(content: readonly unknown[]): readonly string[] {
  const text = content
    .slice(0, ENTRIES_MOST)
    .map((one) => {
      const type = textAt(one, "type");
      if (type === "diff") return `changed ${textAt(one, "path") ?? "a file"}`;
      return type === "content" ? contentText(field(one, "content")).trimEnd() : "";
    })
    .filter((one) => one !== "")
    .join("\n");
  if (text === "") return [];
  return harmless(text, RESULT_LONGEST)
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`);
}

function planLines(entries: readonly unknown[]): readonly string[] {
  const shown = entries.slice(0, ENTRIES_MOST);
  const done = entries.filter((entry) => textAt(entry, "status") === "completed").length;
  const marks: Readonly<Record<string, string>> = { completed: "x", in_progress: ">" };
  return [
    `[plan] ${done} of ${entries.length} done`,
    ...shown.map((entry) => {
      const mark = marks[textAt(entry, "status") ?? ""] ?? "-";
      return `    ${mark} ${harmlessLine(textAt(entry, "content") ?? "", LINE_LONGEST)}`;
    }),
  ];
}

function noticeLine(update: unknown): string {
  const description = textAt(update, "description");
  const words = `[${textAt(update, "severity") ?? "notice"}] ${textAt(update, "title") ?? ""}`;
  return harmlessLine(description === undefined ? words : `${words}: ${description}`, LINE_LONGEST);
}
