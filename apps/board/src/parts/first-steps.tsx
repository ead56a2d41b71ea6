/** The way to the first steps, where there is no item yet. */
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { FIRST_STEPS } from "../frame/first-run.ts";
import { addressOf } from "../frame/router.ts";
import type { Session } from "../session.ts";
import { frameTexts } from "../texts/frame.ts";

export function FirstSteps({ session }: { readonly session: Session }): JSX.Element | null {
  // Not the board itself: it changes all day, and this does not.
  const isEmpty = useComputed(() => session.board.value.items.size === 0).value;
  if (!isEmpty) return null;
  return (
    <p class="first-steps">
      <a href={addressOf(FIRST_STEPS)}>{frameTexts.firstSteps}</a>
    </p>
  );
}
