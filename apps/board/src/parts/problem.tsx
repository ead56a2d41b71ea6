/** What cannot be shown: what happened, why, and what to do next. */
import type { ComponentChildren, JSX } from "preact";
import { Ticked } from "./ticked.tsx";

export interface ProblemProps {
  readonly title: string;
  readonly why: string;
  /** What to do next: a button or a link. */
  readonly children?: ComponentChildren;
}

export function Problem({ title, why, children }: ProblemProps): JSX.Element {
  return (
    <section class="problem" role="alert">
      <h2>{title}</h2>
      <p>
        <bdi>
          <Ticked text={why} />
        </bdi>
      </p>
      {children}
    </section>
  );
}
