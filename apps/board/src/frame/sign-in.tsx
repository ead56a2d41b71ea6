/** The way in: says where a sign-in link comes from, and takes one that somebody pastes. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Ticked } from "../parts/ticked.tsx";
import type { Entrance } from "../session.ts";
import { frameTexts } from "../texts/frame.ts";

const texts = frameTexts.signIn;

/** A loopback address means another machine on each machine. */
const isThisMachine = (host: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u.test(host);

export function SignIn({ session }: { readonly session: Entrance }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const problem = session.refusal.value;
  useLayoutEffect(() => {
    if (field.current !== null) field.current.value = "";
    field.current?.focus();
  }, [problem]);
  const send = (event: Event): void => {
    event.preventDefault();
    void session.signIn(field.current?.value ?? "");
  };
  return (
    <form class="sign-in" id="sign-in" onSubmit={send}>
      <h2>{texts.title}</h2>
      <p id="sign-in-help">
        {texts.help} <code>{texts.helpCommand}</code>, {texts.helpWith} <code>--data</code> {texts.helpData}{" "}
        {isThisMachine(location.hostname) ? (
          texts.helpHereOnly
        ) : (
          <>
            {texts.helpElsewhere} <code>{texts.helpCommandElsewhere(location.origin)}</code>.
          </>
        )}
      </p>
      <p class="sign-in-problem" id="sign-in-problem" role="alert">
        <Ticked text={problem} />
      </p>
      <label for="sign-in-link">{texts.link}</label>
      <div class="sign-in-row">
        <input
          ref={field}
          id="sign-in-link"
          type="text"
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-describedby="sign-in-help"
        />
        <button type="submit" class="primary">
          {texts.open}
        </button>
      </div>
    </form>
  );
}
