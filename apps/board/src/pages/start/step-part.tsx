/** One step of the first run with its heading and its mark. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { startTexts as texts } from "../../texts/start.ts";
import { stateOf, type Step } from "./progress.ts";

export interface StepProps {
  readonly step: Step;
  readonly now: Step;
  /** It is where the way ends, and that was reached. */
  readonly isOver?: boolean;
  readonly children: ComponentChildren;
}

/** When the way goes on, the focus goes along: whoever types or listens is where the next thing is. */
export function StepPart({ step, now, isOver = false, children }: StepProps): JSX.Element {
  const state = stateOf(step, now);
  const shown = isOver && state === "now" ? "done" : state;
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(now);
  useEffect(() => {
    if (before.current !== now && state === "now") heading.current?.focus();
    before.current = now;
  }, [now, state]);
  return (
    <section class="step" data-state={shown} aria-current={shown === "now" ? "step" : undefined}>
      <h3 ref={heading} tabIndex={-1}>
        {texts.steps[step]} <span class="step-state">{texts.stepStates[shown]}</span>
      </h3>
      {children}
    </section>
  );
}
