/**
 * A page that stays open for days outlives what its node served. There is something newer when the node serves another version, or
 * when the page could go on with a node that its document may not reach: what a document may reach is settled when it is loaded.
 * It goes over to the newer page as a whole: by a button, or when somebody moves on to another page; for the sake of another
 * node also by itself, as soon as that takes nothing from anybody.
 */
import { nodesToGoOnWith } from "@skein/client";
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";

import type { Session } from "../session.ts";
import { type Acts, isAtRest } from "./at-rest.ts";
import { parseAddress } from "./router.ts";
import { dialogs } from "./toasts.tsx";

/** What a newer page would have: this node's present version, or the way to another node. */
type Newer = "version" | "node";

const found = signal<Newer | undefined>(undefined);

export const newer: ReadonlySignal<Newer | undefined> = found;

/** The node serves another version of the page: parts of this one may not be there any more. */
export const isUpdated: ReadonlySignal<boolean> = computed(() => found.value === "version");

const LOOK_AGAIN_MS = 5_000;
const REST_LOOK_MS = 1_000;
/** Should the newer page lack the way all the same, people are not taken away from what they read again and again. */
const GO_AGAIN_MS = 60_000;
const WENT_AT = "skein.went-over-at";

export function followUpdates(session: Pick<Session, "connection" | "board" | "who">): void {
  const own = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.getAttribute("src");
  if (own === null || own === undefined) return;
  const may = pagesIn(document);
  const isHome = (): boolean => {
    const now = session.connection.value;
    return now.type === "live" && now.elsewhere === undefined;
  };
  const missing = computed(() => {
    const role = session.who.value?.role;
    if (role === undefined || !isHome()) return "";
    const pages = nodesToGoOnWith(session.board.value, document.baseURI, role).map(({ page = "" }) => page);
    return pages.filter((page) => !may.has(page)).join(" ");
  });
  effect(() => {
    if (isHome()) void look(own, missing.peek());
  });
  effect(() => lookUntilServed(own, missing));
  effect(goWhenAtRest);
  addEventListener("hashchange", ({ oldURL, newURL }) => {
    // A link that signs in is taken out of the address at once: it is no page to move on to.
    if (found.peek() !== undefined && location.href === newURL && pathIn(oldURL) !== pathIn(newURL)) location.reload();
  });

  function goWhenAtRest(): (() => void) | undefined {
    if (found.value !== "node" || !isHome()) return undefined;
    const timer = setInterval(() => {
      const wentAgoMs = Date.now() - Number(sessionStorage.getItem(WENT_AT) ?? 0);
      const hasDialog = dialogs.peek().length > 0;
      if (wentAgoMs < GO_AGAIN_MS || !isAtRest({ ...acts, hasDialog }, performance.now())) return;
      sessionStorage.setItem(WENT_AT, String(Date.now()));
      location.reload();
    }, REST_LOOK_MS);
    return () => clearInterval(timer);
  }
}

/** The board may know of a node a moment before the page is served with the way to it. */
function lookUntilServed(own: string, missing: ReadonlySignal<string>): (() => void) | undefined {
  const pages = missing.value;
  if (pages === "") {
    if (found.peek() === "node") found.value = undefined;
    return undefined;
  }
  void look(own, pages);
  const timer = setInterval(() => {
    if (found.peek() === undefined) void look(own, pages);
  }, LOOK_AGAIN_MS);
  return () => clearInterval(timer);
}

const pathIn = (url: string): string => parseAddress(new URL(url).hash).path;

/** The other nodes' pages that a document says it may reach. */
function pagesIn(page: ParentNode): ReadonlySet<string> {
  const said = page.querySelector<HTMLMetaElement>('meta[name="skein-pages"]')?.content ?? "";
  return new Set(said.split(" "));
}

/** The names of scripts hold a hash of what is in them. `missing`: pages of nodes, with spaces between them. */
async function look(own: string, missing: string): Promise<void> {
  try {
    const answer = await fetch("./", { cache: "no-store" });
    const page = answer.ok ? await answer.text() : "";
    // Something between may answer in the node's place; a page of ours has a script of ours.
    if (!page.includes('type="module"')) return;
    const offered = OFFERED.exec(page)?.[1]?.split(" ") ?? [];
    const hasWay = missing.split(" ").some((origin) => offered.includes(origin));
    found.value = page.includes(own) ? (hasWay ? "node" : undefined) : "version";
  } catch {
    // It is gone again; the next time that it is there is another look.
  }
}

/** Text and no markup is read here: the page's policy makes no markup from text. */
const OFFERED = /<meta name="skein-pages" content="([^"]*)"/;

const acts: Acts = { lastAtMs: 0, typedIn: undefined };

for (const type of ["pointerdown", "keydown", "input", "wheel", "dragover", "touchmove"] as const) {
  addEventListener(
    type,
    ({ target }) => {
      acts.lastAtMs = performance.now();
      if (type === "input" && target instanceof HTMLElement) acts.typedIn = target;
    },
    { capture: true, passive: true },
  );
}
