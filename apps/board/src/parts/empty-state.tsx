/** A place with nothing in it: says so, and what would fill it. */
import type { ComponentChildren, JSX } from "preact";

export function EmptyState({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}
