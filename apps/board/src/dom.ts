/** Elements from data. A string becomes a text node and nothing else; there is no way to pass markup. */

export type Child = string | Node | undefined;

export interface Attributes {
  readonly class?: string;
  readonly dir?: "auto";
  readonly title?: string;
  readonly id?: string;
  readonly href?: string;
  readonly datetime?: string;
  readonly "aria-hidden"?: "true";
  readonly "aria-label"?: string;
  readonly "aria-labelledby"?: string;
  readonly "data-state"?: string;
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** An element of index.html. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no #${id} of the right kind`);
  return found;
}
