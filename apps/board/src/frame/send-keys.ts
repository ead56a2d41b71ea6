/**
 * Ctrl+Enter, or Cmd+Enter, sends a form from any of its fields: Enter alone makes a new line where there may be several, and
 * opens a list of choices.
 */

/** Listens for as long as the page lives; once, at the start. */
export function followSendKeys(): void {
  document.addEventListener("keydown", (event) => {
    const { key, ctrlKey, metaKey, altKey, repeat, isComposing, target } = event;
    if (key !== "Enter" || !(ctrlKey || metaKey) || altKey || repeat || isComposing || event.defaultPrevented) return;
    const form = target instanceof Element ? target.closest("form") : null;
    const button = form?.querySelector<HTMLButtonElement>('button[type="submit"]');
    if (form == null || button == null) return;
    event.preventDefault();
    // As if its button were pressed: what is required is asked for, and one that is disabled sends nothing.
    if (!button.disabled) form.requestSubmit(button);
  });
}
