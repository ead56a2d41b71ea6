/** The way in: asks for the node's token while there is none that the node takes. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Entrance } from "../session.ts";
import { frameTexts } from "../texts/frame.ts";

const texts = frameTexts.signIn;

export function SignIn({ session }: { readonly session: Entrance }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const malformed = useSignal(false);
  const problem = malformed.value ? texts.malformed : session.refusal.value;
  useEffect(() => {
    if (field.current !== null) field.current.value = "";
    field.current?.focus();
  }, [problem]);
  const send = (event: Event): void => {
    event.preventDefault();
    malformed.value = !session.signIn(field.current?.value ?? "");
  };
  return (
    <form class="token" id="token-form" onSubmit={send}>
      <h2>{texts.title}</h2>
      <p id="token-help">
        {texts.help} <code>{texts.helpFile}</code> {texts.helpEnd}
      </p>
      <p class="token-problem" id="token-problem" role="alert">
        {problem}
      </p>
      <label for="token">{texts.token}</label>
      <div class="token-row">
        <input
          ref={field}
          id="token"
          type="password"
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-describedby="token-help"
        />
        <button type="submit" class="primary">
          {texts.open}
        </button>
      </div>
    </form>
  );
}
