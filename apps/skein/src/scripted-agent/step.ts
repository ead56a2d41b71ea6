/** The steps of a script and how one is read from its YAML node. Complaints are sentences without the line number. */
import { err, ok, type Result } from "@skein/core";
import { isMap, isScalar, isSeq } from "yaml";
import { cleanLine } from "./line.ts";

export type Step =
  | { readonly type: "write" | "append"; readonly path: string; readonly content: string }
  | { readonly type: "replace"; readonly path: string; readonly find: string; readonly with: string }
  | { readonly type: "delete"; readonly path: string }
  | { readonly type: "run"; readonly argv: readonly [string, ...string[]] }
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "sleep"; readonly ms: number }
  | {
      readonly type: "ask";
      readonly name: string;
      readonly text: string;
      readonly options: readonly string[];
      /** The file that gets the answer. */
      readonly to: string | undefined;
    }
  | { readonly type: "commit"; readonly message: string }
  | { readonly type: "exit"; readonly code: number }
  | { readonly type: "hang" };

type ReadStep = (value: unknown) => Result<Step, string>;

const READERS: ReadonlyMap<string, ReadStep> = new Map<string, ReadStep>([
  ["write", (value) => readContent("write", value)],
  ["append", (value) => readContent("append", value)],
  ["replace", readReplace],
  ["delete", readDelete],
  ["run", readRun],
  ["print", readPrint],
  ["sleep", readSleep],
  ["ask", readAsk],
  ["commit", readCommit],
  ["exit", readExit],
  ["hang", readHang],
]);

export function parseStep(node: unknown): Result<Step, string> {
  const pair = isMap(node) && node.items.length === 1 ? node.items[0] : undefined;
  const name = pair !== undefined && isScalar(pair.key) ? String(pair.key.value) : undefined;
  if (pair === undefined || name === undefined) {
    return err(`a step is a map with one key, for example "print: hello". The keys are ${stepNames()}.`);
  }
  const read = READERS.get(name);
  if (read === undefined) return err(`${JSON.stringify(name)} is not a step. The steps are ${stepNames()}.`);
  return read(pair.value);
}

/** Textual checks of a path; where it really leads is checked again when it is used. */
export function checkPath(path: string): Result<string, string> {
  const quoted = JSON.stringify(path);
  const parts = path.split("/");
  if (path === "" || /\p{Cc}|\\/u.test(path)) return err(`${quoted} is not a path.`);
  if (path.startsWith("/") || parts.includes("..")) {
    return err(`the path ${quoted} leads out of the working directory. Use a path inside it.`);
  }
  if (parts.some((part) => part.toLowerCase() === ".git")) {
    return err(`the path ${quoted} leads into .git, which scripts may not touch.`);
  }
  if (parts.some((part) => part === "" || part === ".")) return err(`the path ${quoted} is not in its simplest form.`);
  return ok(path);
}

function stepNames(): string {
  return [...READERS.keys()].join(", ");
}

function readContent(type: "write" | "append", value: unknown): Result<Step, string> {
  const content = fieldOf(value, "content");
  const path = fieldOf(value, "path");
  if (path === undefined || content === undefined || fieldCount(value) !== 2) {
    return err(`${type} needs the fields path and content, each a text.`);
  }
  const checked = checkPath(path);
  return checked.ok ? ok({ type, path, content }) : checked;
}

function readReplace(value: unknown): Result<Step, string> {
  const path = fieldOf(value, "path");
  const find = fieldOf(value, "find");
  const replacement = fieldOf(value, "with");
  if (path === undefined || find === undefined || replacement === undefined || fieldCount(value) !== 3) {
    return err("replace needs the fields path, find and with, each a text.");
  }
  if (find === "") return err(`"find" of replace is empty. Write the text to look for.`);
  const checked = checkPath(path);
  return checked.ok ? ok({ type: "replace", path, find, with: replacement }) : checked;
}

function readDelete(value: unknown): Result<Step, string> {
  const text = textOf(value);
  if (text === undefined) return err("delete needs a path.");
  const path = checkPath(text);
  return path.ok ? ok({ type: "delete", path: path.value }) : path;
}

function readRun(value: unknown): Result<Step, string> {
  const words = isSeq(value) ? value.items.map((item) => textOf(item)) : [];
  const [program, ...args] = words.filter((word) => word !== undefined);
  if (program === undefined || program === "" || args.length + 1 < words.length) {
    return err("run needs a list of words, for example [npm, test]. Nothing goes through a shell.");
  }
  return ok({ type: "run", argv: [program, ...args] });
}

function readPrint(value: unknown): Result<Step, string> {
  const text = textOf(value);
  return text === undefined ? err("print needs a text.") : ok({ type: "print", text });
}

function readSleep(value: unknown): Result<Step, string> {
  const [, amount, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s)$/.exec(textOf(value) ?? "") ?? [];
  if (amount === undefined) return err("sleep needs a time like 500ms or 2s.");
  return ok({ type: "sleep", ms: Number(amount) * (unit === "s" ? 1000 : 1) });
}

const ASK_KEYS: ReadonlySet<string> = new Set(["name", "text", "options", "to"]);

function readAsk(value: unknown): Result<Step, string> {
  const keys = isMap(value) ? value.items.map(({ key }) => (isScalar(key) ? String(key.value) : "")) : [];
  const text = fieldOf(value, "text");
  if (text === undefined || keys.some((key) => !ASK_KEYS.has(key))) {
    return err("ask needs the field text, and takes name, options (a list of texts) and to (a path).");
  }
  const name = fieldOf(value, "name") ?? "question";
  if (!/^[a-z0-9-]{1,20}$/.test(name)) return err("the name of ask has 1 to 20 of a-z, 0-9 and dashes.");
  const listed = isMap(value) ? value.get("options", true) : undefined;
  const options = isSeq(listed) ? listed.items.map((item) => textOf(item)) : [];
  const words = options.filter((option) => option !== undefined);
  if (words.length < options.length || (listed !== undefined && !isSeq(listed))) {
    return err("the options of ask are a list of texts, for example [allow, deny].");
  }
  const to = fieldOf(value, "to");
  const place = to === undefined ? ok(to) : checkPath(to);
  return place.ok ? ok({ type: "ask", name, text, options: words, to: place.value }) : place;
}

function readCommit(value: unknown): Result<Step, string> {
  const message = cleanLine(textOf(value) ?? "");
  return message === "" ? err("commit needs a message.") : ok({ type: "commit", message });
}

function readExit(value: unknown): Result<Step, string> {
  const code = isScalar(value) ? value.value : undefined;
  const isCode = typeof code === "number" && Number.isInteger(code) && code >= 0 && code <= 255;
  return isCode ? ok({ type: "exit", code }) : err("exit needs a code from 0 to 255.");
}

function readHang(value: unknown): Result<Step, string> {
  return isScalar(value) && value.value === true ? ok({ type: "hang" }) : err("hang takes only the value true.");
}

function fieldOf(value: unknown, name: string): string | undefined {
  return isMap(value) ? textOf(value.get(name, true)) : undefined;
}

function fieldCount(value: unknown): number {
  return isMap(value) ? value.items.length : 0;
}

/** Numbers and truth values keep the spelling they have in the story: `1.0` stays `1.0`. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined;
  return typeof node.value === "string" ? node.value : node.source;
}
