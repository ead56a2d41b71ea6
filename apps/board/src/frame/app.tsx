/** The frame around every page: header, the page itself, notes, and the sheet of shortcuts. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import type { Entrance } from "../session.ts";
import { plainText } from "../text.ts";
import { frameTexts } from "../texts/frame.ts";
import { FIRST_STEPS, useFirstRun } from "./first-run.ts";
import { Header } from "./header.tsx";
import { KeysSheet } from "./keys-sheet.tsx";
import { Page } from "./page.tsx";
import { addressOf, goTo } from "./router.ts";
import { PAGES } from "./routes.ts";
import { useShortcuts } from "./shortcuts.ts";
import { SignIn } from "./sign-in.tsx";
import { Toasts } from "./toasts.tsx";

export function App({ session }: { readonly session: Entrance }): JSX.Element {
  const keysShown = useSignal(false);
  useSignalEffect(() => {
    const name = plainText(session.node.value?.name ?? "");
    document.title = name === "" ? frameTexts.product : `${name} · ${frameTexts.product}`;
  });
  useFirstRun(session);
  useShortcuts(() => [
    ...PAGES.flatMap(({ path, link }) =>
      link === undefined
        ? []
        : {
            keys: `g ${link.key}`,
            text: frameTexts.goTo(link.text),
            place: "everywhere" as const,
            run: () => goTo(addressOf(path)),
          },
    ),
    {
      keys: "g s",
      text: frameTexts.goTo(frameTexts.firstSteps),
      place: "everywhere",
      run: () => goTo(addressOf(FIRST_STEPS)),
    },
    { keys: "Ctrl+Enter", text: frameTexts.sendForm, place: "everywhere" },
    { keys: "?", text: frameTexts.keysOpen, place: "everywhere", run: () => (keysShown.value = true) },
  ]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The address stays the page's own.
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {frameTexts.skip}
      </a>
      <Header session={session} onKeys={() => (keysShown.value = true)} />
      <main id="main" tabIndex={-1}>
        <Main session={session} />
      </main>
      <Toasts within="" />
      {keysShown.value ? <KeysSheet onClose={() => (keysShown.value = false)} /> : null}
    </>
  );
}

function Main({ session }: { readonly session: Entrance }): JSX.Element {
  const { type } = session.connection.value;
  if (type === "signed-out") return <SignIn session={session} />;
  if (!session.loaded.value) return <p class="empty waiting">{frameTexts.waiting}</p>;
  return (
    <div id="live" data-connection={type}>
      <Page session={session} />
    </div>
  );
}
