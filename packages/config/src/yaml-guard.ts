/**
 * Looks at the tokens of a YAML text before it is parsed, and refuses what `skein.yaml` has no use for: tags, directives,
 * anchors and aliases (and with them every bomb made of aliases), deep nesting, and far too many values.
 *
 * Nesting is a matter of safety: the parser is recursive, and thousands of nested lists do not merely throw, they can end
 * the process. Only the lexer, which is a loop, ever sees such a text. Nesting is bounded by the brackets that are open
 * and, outside brackets, by the indentation of a line and the indicators (`-`, `?`, `:`) on it.
 */
import { CST, Lexer } from "yaml";
import type { KeyPath } from "./problem.ts";

export interface RefusedSyntax {
  readonly offset: number;
  /** The last key at the margin before it: nothing better is known without parsing. */
  readonly path: KeyPath;
  /** A whole sentence without its full stop. */
  readonly message: string;
}

const OPEN_BRACKETS_MAX = 16;
const INDENT_MAX = 40;
const INDICATORS_PER_LINE_MAX = 16;
const REFUSED_COUNT_MAX = 20;
/** More than the largest gate has; some texts cost the parser the square of their tokens. */
const TOKEN_COUNT_MAX = 12_000;

const TOO_DEEP = "This is nested too deeply; no key of this file needs more than a list inside a list";

const TOO_MANY = "This file has far more values than a configuration needs; remove most of it";

const REFUSED_TOKENS: ReadonlyMap<string, string> = new Map([
  [
    "tag",
    "Tags (!name) are not used in this file; write the plain value, in quotes if it starts with an exclamation mark",
  ],
  ["directive-line", "Directives (lines that start with %) are not used in this file; remove the line"],
  [
    "anchor",
    "Anchors (&name) are not used in this file; write the value out, in quotes if it starts with an ampersand",
  ],
  ["alias", "Aliases (*name) are not used in this file; write the value out, in quotes if it starts with an asterisk"],
]);

/** What is refused, in the order of the text; nothing else of the text was judged. */
export function findRefusedSyntax(text: string): readonly RefusedSyntax[] {
  const refused: RefusedSyntax[] = [];
  const depth = createDepthGauge();
  let offset = 0;
  let tokenCount = 0;
  let scalarFollows = false;
  let lastText = "";
  let path: KeyPath = [];
  for (const source of new Lexer().lex(text)) {
    const type: string | null = scalarFollows ? "text" : CST.tokenType(source);
    scalarFollows = type === "scalar";
    if (type === "text") lastText = source;
    if (type === "map-value-ind" && depth.isAtMargin()) path = /^[\w-]+$/.test(lastText) ? [lastText] : [];
    const message = REFUSED_TOKENS.get(type ?? "");
    if (message !== undefined) refused.push({ offset, path, message });
    if (depth.isTooDeepAfter(type, source)) return [...refused, { offset, path, message: TOO_DEEP }];
    tokenCount += 1;
    if (tokenCount > TOKEN_COUNT_MAX) return [...refused, { offset, path, message: TOO_MANY }];
    if (refused.length >= REFUSED_COUNT_MAX) return refused;
    // These three are marks of the lexer, not pieces of the text.
    if (type !== "scalar" && type !== "doc-mode" && type !== "flow-error-end") offset += source.length;
  }
  return refused;
}

interface DepthGauge {
  /** Outside brackets, on a line that is not indented. */
  isAtMargin(): boolean;
  isTooDeepAfter(type: string | null, source: string): boolean;
}

function createDepthGauge(): DepthGauge {
  let openBrackets = 0;
  let indent = 0;
  let indicators = 0;
  let atLineStart = true;
  const step = (type: string | null, source: string): void => {
    switch (type) {
      case "newline":
        [indent, indicators, atLineStart] = [0, 0, true];
        return;
      case "space":
        if (atLineStart) indent = source.length;
        break;
      case "flow-map-start":
      case "flow-seq-start":
        openBrackets += 1;
        break;
      case "flow-map-end":
      case "flow-seq-end":
        openBrackets = Math.max(0, openBrackets - 1);
        break;
      case "doc-mode":
      case "flow-error-end":
        openBrackets = 0;
        return;
      case "seq-item-ind":
      case "explicit-key-ind":
      case "map-value-ind":
        if (openBrackets === 0) indicators += 1;
        break;
      default:
        break;
    }
    atLineStart = false;
  };
  return {
    isAtMargin: () => openBrackets === 0 && indent === 0,
    isTooDeepAfter: (type, source) => {
      step(type, source);
      const tooIndented = indicators > 0 && indent > INDENT_MAX;
      return openBrackets > OPEN_BRACKETS_MAX || indicators > INDICATORS_PER_LINE_MAX || tooIndented;
    },
  };
}
