/**
 * Where the board pages of other members are: as each says in its beats, or as neighbours on this very machine say among
 * themselves. Browsers are sent there, and what comes from there is listened to.
 */
import { type Beat, isPageOrigin } from "@skein/core";

import { isDialable } from "./links/address.ts";

/** The origin of a member's page; empty when it tells none that means something here. */
export type PageBook = (member: string) => string;

export interface PageBookDeps {
  /** The newest beat of each other member, by its id. */
  readonly presence: { heard(): ReadonlyMap<string, { readonly beat: Pick<Beat, "page"> }> };
  /** Origins by member id, of this user's nodes on this machine. */
  readonly nearPages?: (() => ReadonlyMap<string, string>) | undefined;
}

export const createPageBook =
  ({ presence, nearPages }: PageBookDeps): PageBook =>
  (member) => {
    const told = presence.heard().get(member)?.beat.page ?? "";
    return isPageForOthers(told) ? told : (nearPages?.().get(member) ?? "");
  };

/**
 * An origin, as browsers spell it, that may mean the same elsewhere: none of this machine's own addresses, and none that
 * nobody is reached by. Names are not asked for.
 */
export const isPageForOthers = (origin: string): boolean =>
  isPageOrigin(origin) && isDialable(origin.replace(/^http/, "ws"), false) && new URL(origin).origin === origin;
