/**
 * The pages, one row each. A page is a component that takes the session and its route. The board comes with the first
 * load; every other page is loaded when somebody goes there: `load: () => import("../pages/mesh/index.tsx")`.
 */
import { ChartNoAxesCombined, SquareKanban, type LucideIcon, Network } from "lucide-preact";
import type { ComponentType } from "preact";
import BoardPage from "../pages/board/index.tsx";
import type { Session } from "../session.ts";
import { frameTexts } from "../texts/frame.ts";
import { FIRST_STEPS } from "./first-run.ts";
import type { Route } from "./router.ts";

export interface PageProps {
  readonly session: Session;
  readonly route: Route;
}

export interface PageRow {
  /** Parts with a colon stand for any one part: `/items/:id`. */
  readonly path: string;
  /** Where a link in the header leads here; `g` and then the key does too. */
  readonly link?: { readonly text: string; readonly icon: LucideIcon; readonly key: string };
  readonly page:
    | ComponentType<PageProps>
    | { readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }> };
}

export const PAGES: readonly PageRow[] = [
  { path: "/", link: { text: frameTexts.board, icon: SquareKanban, key: "b" }, page: BoardPage },
  { path: "/items/:id", page: { load: () => import("../pages/item/index.tsx") } },
  {
    path: "/flow",
    link: { text: frameTexts.flow, icon: ChartNoAxesCombined, key: "f" },
    page: { load: () => import("../pages/flow/index.tsx") },
  },
  {
    path: "/mesh",
    link: { text: frameTexts.meshPage, icon: Network, key: "m" },
    page: { load: () => import("../pages/mesh/index.tsx") },
  },
  { path: FIRST_STEPS, page: { load: () => import("../pages/start/index.tsx") } },
];
