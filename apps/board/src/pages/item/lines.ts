/** Text of several lines from people and agents, made fit to be shown as such: lines, and blocks of prose and code. */
import { plainText } from "../../text.ts";

/** Its lines stay lines, and indentation stays; everything else is as in `plainText`. */
export function textLines(text: string): string {
  return text
    .replaceAll(/\r\n?/gu, "\n")
    .split("\n")
    .map((line) => {
      const indent = /^[\t ]*/u.exec(line)?.[0] ?? "";
      return indent.replaceAll("\t", "    ") + plainText(line.slice(indent.length));
    })
    .join("\n");
}

export interface TextBlock {
  readonly type: "prose" | "code";
  readonly text: string;
}

/** Prose, and what stands between fences. A fence that is never closed fences all that comes after it. */
export function textBlocks(text: string): readonly TextBlock[] {
  const blocks: { type: TextBlock["type"]; lines: string[] }[] = [];
  let fence = "";
  for (const line of textLines(text).split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/u.exec(line)?.[1] ?? "";
    const closes = fence !== "" && mark.startsWith(fence) && line.trim() === mark;
    const type = fence !== "" || mark !== "" ? "code" : "prose";
    const last = blocks.at(-1);
    const opens = fence === "" && mark !== "";
    if (last === undefined || last.type !== type || opens) blocks.push({ type, lines: [line] });
    else last.lines.push(line);
    if (closes) fence = "";
    else if (opens) fence = mark;
  }
  return blocks
    .map(({ type, lines }) => ({ type, text: lines.join("\n").replace(/^\n+|\s+$/gu, "") }))
    .filter((block) => block.text !== "");
}
