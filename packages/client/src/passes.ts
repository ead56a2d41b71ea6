/**
 * Passes for the day when the node is gone: while the client is live it keeps a fresh one for each of a few nodes that it
 * could go on with. Those may do at least as much as whoever is signed in, and told the mesh where their page is.
 */
import type { Board, BoardNode, Role } from "@skein/core";

import { type Fetch, type Place, post } from "./place.ts";

export interface Passes {
  /** Called from time to time. Says of how many nodes it keeps passes, or tried to. */
  refresh(from: Place, board: Board, role: Role): Promise<number>;
  /** Another node's place that takes the client in; undefined when none does. A pass is used up by trying. */
  enter(): Promise<Place | undefined>;
  clear(): void;
}

interface Held {
  readonly origin: string;
  readonly pass: string;
  readonly atMs: number;
}

const KEPT = 3;
/** They are good for ten minutes. */
const FRESH_MS = 4 * 60_000;
const USABLE_MS = 11 * 60_000;

const POWER: readonly Role[] = ["observer", "agent", "operator", "owner"];

export function createPasses({ fetch, home, now }: { fetch: Fetch; home: string; now: () => number }): Passes {
  const held = new Map<string, Held>();
  return {
    refresh: async (from, board, role) => {
      const wanted = nodesToGoOnWith(board, home, role);
      const ids = new Set(wanted.map(({ id }) => id));
      for (const [id, { atMs }] of held) if (!ids.has(id) && now() - atMs > USABLE_MS) held.delete(id);
      for (const { id, page = "" } of wanted) {
        const known = held.get(id);
        if (known !== undefined && known.origin === page && now() - known.atMs < FRESH_MS) continue;
        const answer = await post<{ readonly pass?: unknown }>(fetch, from, "api/v1/session/pass", { to: id });
        const pass = answer.ok ? answer.value.pass : undefined;
        if (typeof pass === "string") held.set(id, { origin: page, pass, atMs: now() });
      }
      return wanted.length;
    },
    enter: async () => {
      for (const [id, { origin, pass, atMs }] of held) {
        if (now() - atMs > USABLE_MS) continue;
        const place: Place = { url: `${origin}/`, secret: { type: "guest", text: "" }, isHome: false };
        const answer = await post<{ readonly secret?: unknown }>(fetch, place, "api/v1/session/pass-in", { pass });
        if (!answer.ok) {
          // A node that is away has not used it.
          if (answer.error.code !== "away") held.delete(id);
          continue;
        }
        held.delete(id);
        const { secret } = answer.value;
        if (typeof secret === "string") return { ...place, secret: { type: "guest", text: secret } };
      }
      return undefined;
    },
    clear: () => held.clear(),
  };
}

/** Those that a page of `home` asks passes for: at most a few, each with its `page`. */
export function nodesToGoOnWith({ nodes }: Pick<Board, "nodes">, home: string, role: Role): readonly BoardNode[] {
  const { origin, protocol } = new URL(home);
  const isHere = isLoopback(origin);
  const fits = ({ page, removed, alive, role: theirs, self }: BoardNode): boolean =>
    page !== undefined &&
    page !== origin &&
    !self &&
    !removed &&
    alive &&
    POWER.indexOf(theirs) >= POWER.indexOf(role) &&
    // Where the home has a name, this machine's own addresses are those of another machine.
    (isHere || !isLoopback(page)) &&
    // A browser asks nothing over plain HTTP from a page that came over TLS.
    (protocol !== "https:" || page.startsWith("https:"));
  return [...nodes.values()].filter(fits).slice(0, KEPT);
}

const isLoopback = (origin: string): boolean =>
  /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(origin);
