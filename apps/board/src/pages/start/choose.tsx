/** The first step: a repository to practise in, or one of the user's own on the machine of the node. */
import { useSignal } from "@preact/signals";
import { FolderGit2, Sprout } from "lucide-preact";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { startTexts as texts } from "../../texts/start.ts";

export interface ChooseProps {
  readonly busy: "practice" | "look" | undefined;
  /** Undefined when practice is over. */
  readonly onPractice: (() => void) | undefined;
  readonly onLook: (path: string) => void;
  /** What was looked at last. */
  readonly path: string;
}

export function Choose({ busy, onPractice, onLook, path }: ChooseProps): JSX.Element {
  return (
    <div class="choices">
      {onPractice === undefined ? null : (
        <section class="choice">
          <h3>
            <Sprout size={16} aria-hidden="true" /> {texts.practice.title}
          </h3>
          <p>{texts.practice.why}</p>
          <button type="button" class="primary" aria-disabled={busy !== undefined} onClick={onPractice}>
            {busy === "practice" ? texts.busy.practice : texts.practice.button}
          </button>
        </section>
      )}
      <OwnRepository busy={busy} onLook={onLook} path={path} />
    </div>
  );
}

function OwnRepository({ busy, onLook, path }: Omit<ChooseProps, "onPractice">): JSX.Element {
  const id = useId();
  const typed = useSignal(path);
  return (
    <section class="choice">
      <h3>
        <FolderGit2 size={16} aria-hidden="true" /> {texts.own.title}
      </h3>
      <p id={`${id}-why`}>{texts.own.why}</p>
      <form
        class="path"
        onSubmit={(event) => {
          event.preventDefault();
          onLook(typed.value.trim());
        }}
      >
        <label for={id}>{texts.own.path}</label>
        <input
          id={id}
          type="text"
          required
          maxLength={4_096}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={texts.own.pathHint}
          aria-describedby={`${id}-why`}
          value={typed.value}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
        <button type="submit" aria-disabled={busy !== undefined}>
          {busy === "look" ? texts.busy.look : texts.own.look}
        </button>
      </form>
    </section>
  );
}
