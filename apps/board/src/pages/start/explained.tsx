/** A sentence that is said once: whoever has put it away does not see it again in this browser. */
import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { startTexts } from "../../texts/start.ts";

type Subject = keyof typeof startTexts.explain;

const KEY = "skein.explained";

const explained = signal<readonly string[]>(kept());

export function Explained({ about }: { readonly about: Subject }): JSX.Element | null {
  if (explained.value.includes(about)) return null;
  return (
    <Aside>
      <p>{startTexts.explain[about]}</p>
      <button
        type="button"
        onClick={(event) => {
          // It goes away, and the keyboard goes on in the step that it was about.
          event.currentTarget.closest("section")?.querySelector<HTMLElement>("h3")?.focus();
          putAway(about);
        }}
      >
        {startTexts.gotIt}
      </button>
    </Aside>
  );
}

const Aside = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <div class="explained" role="note">
    {children}
  </div>
);

function putAway(about: Subject): void {
  explained.value = [...explained.peek(), about];
  try {
    localStorage.setItem(KEY, JSON.stringify(explained.peek()));
  } catch {
    // The browser forbids it: it stays away for as long as the page is open.
  }
}

function kept(): readonly string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
