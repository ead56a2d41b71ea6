/** What the node says, with the commands in it, which stand between backticks, set as commands. Nothing else of a text is looked at. */
import type { JSX } from "preact";
import { tickedParts } from "./ticked-parts.ts";

export function Ticked({ text }: { readonly text: string }): JSX.Element {
  return <>{tickedParts(text).map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
