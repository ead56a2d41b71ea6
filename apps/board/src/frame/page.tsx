/** The page that the address names, loaded when it has to be. A page that breaks leaves the frame standing. */
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { Problem } from "../parts/problem.tsx";
import type { Session } from "../session.ts";
import { frameTexts } from "../texts/frame.ts";
import { address, addressOf, matchPath } from "./router.ts";
import { type PageProps, PAGES, type PageRow } from "./routes.ts";
import { isUpdated } from "./updates.ts";

export function Page({ session }: { readonly session: Session }): JSX.Element {
  const { path, query } = address.value;
  for (const row of PAGES) {
    const parameters = matchPath(row.path, path);
    if (parameters !== undefined) {
      // Another item is another page: nothing that was typed or opened in one shows up in the other.
      return <Guarded key={path} row={row} session={session} route={{ path, parameters, query }} />;
    }
  }
  return (
    <Problem title={frameTexts.notFound} why={frameTexts.notFoundWhy}>
      <a href={addressOf("/")}>{frameTexts.toBoard}</a>
    </Problem>
  );
}

function Guarded({ row, ...props }: PageProps & { readonly row: PageRow }): JSX.Element {
  const [broken, again] = useErrorBoundary((error) => console.error(error));
  if (broken !== undefined) {
    return (
      <Problem title={frameTexts.broken} why={frameTexts.brokenWhy}>
        <button type="button" onClick={again}>
          {frameTexts.tryAgain}
        </button>
      </Problem>
    );
  }
  if ("load" in row.page) return <Loaded load={row.page.load} {...props} />;
  const Shown = row.page;
  return <Shown {...props} />;
}

type Loading = Extract<PageRow["page"], { readonly load: unknown }>["load"];

function Loaded({ load, ...props }: PageProps & { readonly load: Loading }): JSX.Element {
  const state = useSignal<{ readonly page: ComponentType<PageProps> } | "loading" | "failed">("loading");
  const fetchPage = (): void => {
    state.value = "loading";
    load().then(
      (module) => (state.value = { page: module.default }),
      () => (state.value = "failed"),
    );
  };
  useEffect(fetchPage, [load]);
  if (state.value === "loading") return <p class="empty">{frameTexts.loading}</p>;
  if (state.value === "failed") {
    return (
      <Problem title={frameTexts.loadFailed} why={frameTexts.loadFailedWhy}>
        <button type="button" onClick={() => (isUpdated.peek() ? location.reload() : fetchPage())}>
          {frameTexts.loadAgain}
        </button>
      </Problem>
    );
  }
  const Shown = state.value.page;
  return <Shown {...props} />;
}
