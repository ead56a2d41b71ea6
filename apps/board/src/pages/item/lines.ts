/** Text of several lines from people and agents, made fit to be shown as such. */
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
