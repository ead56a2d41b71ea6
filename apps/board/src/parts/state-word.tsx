/** A state as a word with a dot of its colour; the colour repeats what the word says. */
import type { JSX } from "preact";

export interface StateWordProps {
  readonly state: "good" | "warn" | "bad" | "off";
  readonly word: string;
  readonly title?: string | undefined;
}

export function StateWord({ state, word, title }: StateWordProps): JSX.Element {
  return (
    <span class="state" data-state={state} title={title}>
      <span class="dot" aria-hidden="true" />
      {word}
    </span>
  );
}
