/**
 * Keeps the children of one element equal to a list of entries, touching only what differs: an entry whose content is
 * the same keeps its element, one that moved is moved, one that is gone is removed.
 */
export interface Entry {
  readonly key: string;
  /** Equal for equal content. */
  readonly content: string;
  readonly draw: () => HTMLElement;
}

export type KeyedList = (entries: readonly Entry[]) => void;

export function createKeyedList(parent: HTMLElement): KeyedList {
  let shown = new Map<string, { readonly content: string; readonly element: HTMLElement }>();
  return (entries) => {
    const next = new Map<string, { readonly content: string; readonly element: HTMLElement }>();
    for (const { key, content, draw } of entries) {
      const old = shown.get(key);
      const fresh = old?.content === content ? old : { content, element: draw() };
      if (old !== undefined && old !== fresh) old.element.replaceWith(fresh.element);
      next.set(key, fresh);
    }
    for (const [key, { element }] of shown) if (!next.has(key)) element.remove();
    placeInOrder(parent, [...next.values()]);
    shown = next;
  };
}

function placeInOrder(parent: HTMLElement, wanted: readonly { readonly element: HTMLElement }[]): void {
  let cursor = parent.firstElementChild;
  for (const { element } of wanted) {
    // The one in the way moved further down: taken out here, it is put where it belongs when its turn comes.
    if (cursor !== null && cursor !== element && cursor.nextElementSibling === element) {
      cursor.remove();
      cursor = element;
    }
    if (cursor === element) cursor = cursor.nextElementSibling;
    else parent.insertBefore(element, cursor);
  }
}
