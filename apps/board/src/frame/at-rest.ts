/** Whether a page may be loaded anew without taking anything from whoever has it open. Pure, but for what elements say of themselves. */

export interface Acts {
  /** When somebody last pressed, typed, scrolled or dragged here, on the browser's monotonic clock. */
  lastAtMs: number;
  /** The field that was typed into last. */
  typedIn: Typed | undefined;
}

type Typed = Pick<HTMLElement, "isConnected" | "isContentEditable"> & { readonly value?: unknown };

/** Longer than a person pauses between two presses, and than a command that was pressed takes as a rule. */
const REST_MS = 5_000;

/** A dialog goes with what is in it, and a field with its caret, even where what was typed is kept. */
export function isAtRest(
  { lastAtMs, typedIn, hasDialog }: Acts & { readonly hasDialog: boolean },
  nowMs: number,
): boolean {
  return !hasDialog && nowMs - lastAtMs >= REST_MS && !holdsText(typedIn);
}

const holdsText = (field: Typed | undefined): boolean =>
  field !== undefined && field.isConnected && (field.isContentEditable || (field.value ?? "") !== "");
