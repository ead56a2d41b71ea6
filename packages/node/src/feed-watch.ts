/**
 * Watches the feeds for what must not be: ops of this node that it did not have (a restored backup, a copied directory),
 * and feeds with two histories. Each is an alarm; when it is this node's own feed, a new incarnation goes on.
 */
import { type Crypto, feedOf, feedParts, memberOf, type Replica, type Role, toHex } from "@skein/core";

import { carryOver } from "./carry-over.ts";
import type { Continuity } from "./continuity.ts";
import type { Incidents } from "./incidents.ts";
import type { CommittedFrame, Journal } from "./journal.ts";
import type { Logger } from "./logger.ts";
import type { Clock, LogStore } from "./ports.ts";

export interface FeedWatchDeps {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly store: LogStore;
  readonly log: Logger;
  readonly name: string;
  /** This node's member id and role. */
  readonly self: () => { readonly key: string; readonly role: Role };
  /** The key it signs with now. */
  readonly key: () => string;
  readonly nameOf: (key: string) => string;
  readonly replica: Replica;
  readonly journal: Journal;
  readonly continuity: Continuity;
  readonly incidents: Incidents;
}

export interface FeedWatch {
  /** These frames became durable. */
  look(frames: readonly CommittedFrame[]): void;
}

export function createFeedWatch(deps: FeedWatchDeps): FeedWatch {
  const { replica, continuity, incidents, log } = deps;
  const seen = new Map<string, number>();

  const renew = (why: string): void => {
    const saved = continuity.renew();
    const next = saved
      ? "It goes on under a new incarnation, and nothing is lost."
      : "It goes on under a new incarnation, which could not be saved; free the disk before it is started again.";
    incidents.record("incarnation", deps.name, `${why} ${next}`);
    log("error", "incarnation.renewed", { incarnation: toHex(continuity.incarnation()) });
  };

  const forked = (feed: string, seq: number): void => {
    const { author, incarnation } = feedParts(feed);
    const who = deps.nameOf(author);
    log("error", "feed.forked", { author: who, incarnation, seq });
    const wrote = `${who} wrote two histories; nothing it wrote from op ${seq} on counts.`;
    const isCurrentKey = author === deps.key();
    if (!isCurrentKey && memberOf(replica.view().membership, author)?.id !== deps.self().key) {
      const next = "If its data directory was copied, stop the copy; if not, remove the member.";
      return incidents.record("fork", who, `${wrote} ${next}`);
    }
    if (!isCurrentKey) {
      const next = "It was under a key that this node no longer uses: a copy of its data directory still runs.";
      incidents.record("fork", who, `${wrote} ${next}`);
    } else if (incarnation === toHex(continuity.incarnation())) {
      renew("Two histories of this node exist: its data directory runs twice, or was restored.");
    }
    writeAgain(feed);
    return undefined;
  };

  /** One after the other: each goes on where the last one came to. */
  let writing: Promise<void> = Promise.resolve();
  const writeAgain = (feed: string): void => {
    writing = writing.then(async () => {
      const ops = await carryOver(deps, feed);
      if (ops > 0) log("info", "feed.carried-over", { incarnation: feedParts(feed).incarnation, ops });
    });
  };
  const isOwn = (feed: string): boolean =>
    memberOf(replica.view().membership, feedParts(feed).author)?.id === deps.self().key;

  return {
    look: (frames) => {
      const ownFeed = feedOf({ author: deps.key(), incarnation: toHex(continuity.incarnation()) });
      const isForked = replica.forks().has(ownFeed);
      // A peer that only says it has such ops proves nothing; its frames do, because nobody else can sign them.
      if (!isForked && frames.some((frame) => frame.from !== undefined && frame.feed === ownFeed)) {
        renew("A peer held ops of this node that were not on its disk: it was restored or copied.");
      }
      for (const [feed, seq] of replica.forks()) {
        // More of a history that is known to be one of two: of this node's own, the wishes in it count, too.
        if (seen.get(feed) === seq) {
          const isMore = frames.some((frame) => frame.feed === feed && frame.from !== undefined);
          if (isMore && isOwn(feed)) writeAgain(feed);
          continue;
        }
        seen.set(feed, seq);
        forked(feed, seq);
      }
    },
  };
}
