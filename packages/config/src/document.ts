/**
 * Reads a YAML text into plain values and remembers where each one was written. Only the plain part of YAML gets through:
 * maps with text keys, lists, text, numbers, true/false and nothing. Whatever goes wrong is a located problem.
 */
import { err, ok, type Result } from "@skein/core";
import {
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type ParsedNode,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { KeyPath } from "./problem.ts";
import { isSecretKey, isSecretValue, SECRET_KEY_MESSAGE, SECRET_VALUE_MESSAGE } from "./secret.ts";
import { findRefusedSyntax } from "./yaml-guard.ts";

const TEXT_BYTES_MAX = 65_536;

export interface LocatedProblem {
  readonly offset: number;
  readonly path: KeyPath;
  /** Follows the key in a sentence ("must be …"); or, with `whole`, is the sentence. No full stop. */
  readonly message: string;
  readonly whole?: boolean;
  /** Nothing more needs to be said about what is at `path`. */
  readonly final?: boolean;
}

export interface PlainDocument {
  readonly value: unknown;
  readonly problems: readonly LocatedProblem[];
  readonly offsets: OffsetsByPath;
}

interface OffsetsByPath {
  /** Where the key (or the list's element) starts; for a path that is not there, its nearest ancestor. */
  keyAt(path: KeyPath): number;
  /** Where the value starts. */
  valueAt(path: KeyPath): number;
  /** The last key that starts before an offset. */
  pathBefore(offset: number): KeyPath;
}

export interface ReadOptions {
  /** Keys may be called like secrets, because they name where one is kept. Values that look like one are refused anyway. */
  readonly namesSecrets?: boolean;
}

/** `text` has no byte order mark. */
export function readDocument(
  text: string,
  options: ReadOptions = {},
): Result<PlainDocument, readonly LocatedProblem[]> {
  const unreadable = findUnreadable(text);
  if (unreadable !== undefined) return err([unreadable]);
  const refused = findRefusedSyntax(text);
  if (refused.length > 0) return err(refused.map(({ offset, path, message }) => whole(offset, path, message)));
  let document: Document.Parsed;
  try {
    // Equal keys are looked for below: the parser's own search takes the square of the number of keys.
    document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: "error" });
  } catch {
    // The parser reports what it finds as values; it throws only where it has a defect of its own, whose text helps nobody.
    return err([whole(0, [], "This cannot be read as YAML; compare it with the example in the documentation")]);
  }
  const plain = toPlain(document, options.namesSecrets === true);
  if (document.errors.length === 0) return ok(plain);
  return err(locateSyntaxErrors(document.errors, plain.offsets, text.trimEnd().length));
}

const whole = (offset: number, path: KeyPath, message: string): LocatedProblem => ({
  offset,
  path,
  message,
  whole: true,
});

/** Size and characters, before any parser sees the text. */
function findUnreadable(text: string): LocatedProblem | undefined {
  const tooLong = text.length > TEXT_BYTES_MAX || new TextEncoder().encode(text).length > TEXT_BYTES_MAX;
  if (tooLong) return whole(0, [], "This file is larger than 64 KiB, which no configuration needs; make it shorter");
  for (let offset = 0; offset < text.length; offset += 1) {
    const code = text.charCodeAt(offset);
    const isAllowed = code >= 0x20 ? code !== 0x7f : code === 0x09 || code === 0x0a || code === 0x0d;
    if (isAllowed) continue;
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    return whole(
      offset,
      [],
      `There is a control character (${name}) here, as in a binary file; save the file as plain text`,
    );
  }
  return undefined;
}

const SYNTAX_MESSAGES: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  BAD_DQ_ESCAPE: "This backslash sequence is not known inside double quotes; write it in single quotes",
  BAD_INDENT:
    "The indentation here does not fit the lines above, or a bracket is not closed; align the keys with spaces",
  BAD_SCALAR_START: "A value cannot start with this character; put the value in quotes",
  BLOCK_AS_IMPLICIT_KEY:
    "There is a second key on this line, or a line that is indented too far; put each key on its own line, and text with a colon in quotes",
  BLOCK_IN_FLOW: "A list written with dashes or an indented map cannot be inside brackets; use brackets all the way in",
  KEY_OVER_1024_CHARS: "This key is far too long; a colon is probably missing earlier",
  MISSING_CHAR:
    "Something is missing here: a colon after a key, a closing quote, a closing bracket, a comma or a space",
  MULTILINE_IMPLICIT_KEY:
    "A key must be on one line with its colon; a colon is probably missing, or a bracket is not closed",
  MULTIPLE_DOCS: "A second document starts here; keep one and remove the line with ---",
  NON_STRING_KEY: "A key must be plain text",
  TAB_AS_INDENT: "This line is indented with a tab, which YAML does not allow; indent with spaces",
  UNEXPECTED_TOKEN: "This does not belong here; check the lines around it for a missing bracket, comma or line break",
};

const SYNTAX_ERRORS_MAX = 20;

/**
 * One mistake often makes the parser complain several times about one place; the first complaint is the useful one. What it
 * misses at the end of the text (a quote, a bracket) was forgotten where the last value starts.
 */
function locateSyntaxErrors(
  errors: readonly YAMLError[],
  offsets: OffsetsByPath,
  textEnd: number,
): readonly LocatedProblem[] {
  const byOffset = new Map<number, LocatedProblem>();
  for (const error of errors) {
    const path = error.code === "MULTIPLE_DOCS" ? [] : offsets.pathBefore(error.pos[0]);
    const offset = error.pos[0] >= textEnd && path.length > 0 ? offsets.valueAt(path) : error.pos[0];
    if (!byOffset.has(offset)) byOffset.set(offset, whole(offset, path, syntaxMessage(error)));
    if (byOffset.size >= SYNTAX_ERRORS_MAX) break;
  }
  return [...byOffset.values()];
}

function syntaxMessage(error: YAMLError): string {
  return SYNTAX_MESSAGES[error.code] ?? "This cannot be read as YAML; check indentation, quotes and brackets around it";
}

interface Entry {
  readonly path: KeyPath;
  readonly key: number;
  readonly value: number;
}

function toPlain(document: Document.Parsed, namesSecrets: boolean): PlainDocument {
  const entries: Entry[] = [];
  const problems: LocatedProblem[] = [];
  const value = document.contents === null ? null : convert(document.contents, [], { entries, problems, namesSecrets });
  return { value, problems, offsets: createOffsets(entries) };
}

interface Sink {
  readonly namesSecrets: boolean;
  readonly entries: Entry[];
  readonly problems: LocatedProblem[];
}

/** Recursive, but never deep: the guard bounded the nesting before. */
function convert(node: ParsedNode, path: KeyPath, sink: Sink): unknown {
  if (isMap(node)) return convertMap(node, path, sink);
  if (isSeq(node)) {
    return node.items.map((item, index) => {
      const at = [...path, index];
      sink.entries.push({ path: at, key: item.range[0], value: item.range[0] });
      return convert(item, at, sink);
    });
  }
  // What else there is in YAML is an alias, and the guard refused those.
  if (!isScalar(node)) return null;
  if (typeof node.value === "string" && isSecretValue(node.value)) {
    sink.problems.push({ offset: node.range[0], path, message: SECRET_VALUE_MESSAGE, final: true });
  }
  return node.value;
}

function convertMap(node: YAMLMap.Parsed, path: KeyPath, sink: Sink): unknown {
  // Without a prototype, so that a key like __proto__ is a key like any other.
  const map: Record<string, unknown> = Object.create(null);
  for (const { key, value } of node.items) {
    const offset = key.range[0];
    if (!isScalar(key)) {
      sink.problems.push(whole(offset, path, "A key must be plain text, not a list or a map"));
      continue;
    }
    const name = String(key.value);
    const at = [...path, name];
    if (name in map) {
      sink.problems.push({ offset, path: at, message: "is written twice; keep one of them" });
      continue;
    }
    if (!sink.namesSecrets && isSecretKey(name))
      sink.problems.push({ offset, path: at, message: SECRET_KEY_MESSAGE, final: true });
    sink.entries.push({ path: at, key: offset, value: value?.range[0] ?? offset });
    map[name] = value === null ? null : convert(value, at, sink);
  }
  return map;
}

function createOffsets(entries: readonly Entry[]): OffsetsByPath {
  const byPath = new Map(entries.map((entry) => [JSON.stringify(entry.path), entry]));
  const nearest = (path: KeyPath): Entry | undefined => {
    for (let length = path.length; length > 0; length -= 1) {
      const entry = byPath.get(JSON.stringify(path.slice(0, length)));
      if (entry !== undefined) return entry;
    }
    return undefined;
  };
  return {
    keyAt: (path) => nearest(path)?.key ?? 0,
    valueAt: (path) => {
      const entry = nearest(path);
      if (entry === undefined) return 0;
      return entry.path.length === path.length ? entry.value : entry.key;
    },
    // Entries are in the order of the text: a map's before those of its values.
    pathBefore: (offset) => entries.findLast((entry) => entry.key < offset)?.path ?? [],
  };
}
