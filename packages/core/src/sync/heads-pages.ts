/**
 * Heads that do not fit into one message. A log of many incarnations has many feeds, and a member can make as many as it
 * likes; that must not be a way to keep honest nodes from comparing theirs. A listing is told as any number of
 * `heads-page` messages and ends with the `heads` or the `want` that it belongs to, which is complete for almost everybody.
 */
import { toHex } from "../kernel/bytes.ts";
import type { Head, Heads } from "../log/heads.ts";
import { feedOf } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import type { Message } from "./message.ts";

/** The messages that say this, however long its listing. */
export function pagesOf(message: Extract<Message, { readonly type: "heads" | "want" }>): readonly Message[] {
  if (message.heads.size <= LIMITS.feeds) return [message];
  const entries = [...message.heads];
  const messages: Message[] = [];
  let at = 0;
  for (; entries.length - at > LIMITS.feeds; at += LIMITS.feeds) {
    messages.push({ type: "heads-page", heads: new Map(entries.slice(at, at + LIMITS.feeds)) });
  }
  return [...messages, { ...message, heads: new Map(entries.slice(at)) }];
}

export interface HeadsCollector {
  page(heads: Heads): void;
  /** The whole listing that these heads end. */
  finish(last: Heads): Heads;
}

/** What this node's own log has to say about a peer's heads. */
export interface OwnLog {
  heads(): Heads;
  /** The frame that the head names is here. */
  holds(head: Head): boolean;
}

/**
 * Puts a peer's pages together. What it keeps is bounded by this node's own log: the first tip told of each feed that is
 * here, and every tip that is here itself. Of the others, which are of feeds that are not here or of further histories of
 * a feed, one page's worth is enough to know that there is something to ask for.
 */
export function createHeadsCollector(own: OwnLog): HeadsCollector {
  let listing = new Map<string, Head>();
  let strange = 0;
  const add = (heads: Heads): void => {
    for (const head of heads.values()) {
      const feed = feedOf(head);
      const isFirst = !listing.has(feed);
      const isOurs = isFirst ? own.heads().has(feed) : own.holds(head);
      if (!isOurs && ++strange > LIMITS.feeds) continue;
      // Two tips of one forked feed may be on two pages.
      listing.set(isFirst ? feed : `${feed}~${toHex(head.frame ?? new Uint8Array())}`, head);
    }
  };
  return {
    page: add,
    finish: (last) => {
      if (listing.size === 0) return last;
      add(last);
      const whole = listing;
      listing = new Map();
      strange = 0;
      return whole;
    },
  };
}
