/** The list of the keys that act right now, and the switch that turns single keys off. */
import type { JSX } from "preact";
import { Dialog } from "../parts/dialog.tsx";
import { frameTexts } from "../texts/frame.ts";
import { singleKeys } from "./preferences.ts";
import { type Shortcut, shortcuts } from "./shortcuts.ts";

export function KeysSheet({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const all = shortcuts.value;
  return (
    <Dialog title={frameTexts.keys} onClose={onClose}>
      <div class="keys">
        <KeyList title={frameTexts.keysHere} list={all.filter(({ place }) => place === "here")} />
        <KeyList title={frameTexts.keysEverywhere} list={all.filter(({ place }) => place === "everywhere")} />
      </div>
      <label class="switch">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={(event) => (singleKeys.value = event.currentTarget.checked)}
        />
        {frameTexts.keysSwitch}
      </label>
    </Dialog>
  );
}

function KeyList({ title, list }: { readonly title: string; readonly list: readonly Shortcut[] }): JSX.Element | null {
  if (list.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {[...new Set(list.map(({ text }) => text))].map((text) => (
          <div key={text}>
            <dt>{text}</dt>
            <dd>
              {list
                .filter((one) => one.text === text)
                .map(({ keys }) => (
                  <span key={keys} class="key-way">
                    {keys.split(" ").map((key) => (
                      <kbd key={key}>{KEY_WORDS[key] ?? key}</kbd>
                    ))}
                  </span>
                ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const KEY_WORDS: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
};
