/** What an account has to say right now, in the order of urgency: replies, reminders, cards, news, digests. */

import { once } from "@skein/core";
import type { ChatDesk, Clock } from "@skein/node";

import type { AccountSettings } from "./account.ts";
import { cardOf, concerns, type Due, type DueContext, repliesTo } from "./due.ts";
import {
  type News,
  newsOfBudget,
  newsOfItem,
  newsOfNode,
  type NodeNews,
  type Waits,
  waitsForPerson,
} from "./notices/news.ts";
import { digestsFor, planNotice } from "./notices/plan.ts";
import { type Target, targetsOf, wants } from "./notices/targets.ts";
import { remindersDue } from "./timers.ts";

export interface Agenda {
  /** These items changed; undefined: any may have. */
  touch(items: ReadonlySet<string> | undefined): void;
  /** Once a second: who of the nodes fell silent or came back, and what is left of the day's budget. */
  look(): void;
  due(): readonly Due[];
}

export interface AgendaDeps {
  readonly account: AccountSettings;
  readonly desk: ChatDesk;
  readonly clock: Clock;
  readonly context: () => DueContext;
}

/** What was settled longer ago than this is not answered any more: nobody waits for it. */
const REPLY_MS = 24 * 3_600_000;
/** What happened longer ago than this is no news. */
const NEWS_MS = 3_600_000;
/** A node that misses some beats in a row may only be slow. */
const SILENT_MS = 60_000;

export function createAgenda({ account, desk, clock, context }: AgendaDeps): Agenda {
  const touched = new Set<string>();
  const nodes = createNodeWatch(desk, clock);
  let ofMesh: readonly News[] = [];

  const replies = (): readonly Due[] => {
    const { chat } = desk.view();
    const since = clock.wallMs() - REPLY_MS;
    return [...chat.unanswered].flatMap((id) => {
      const command = chat.commands.get(id);
      if (command?.received.account !== account.id || (command.settled?.stamp.wall ?? 0) < since) return [];
      return repliesTo(command, context()).filter(({ mark }) => !chat.sent.has(mark.key));
    });
  };
  const ofItem = (id: string, targets: readonly Target[], waits: Waits): readonly Due[] => {
    const { items, chat } = desk.view();
    const item = items.get(id);
    if (item === undefined || !concerns(item) || item.updatedAt < clock.wallMs() - NEWS_MS) {
      touched.delete(id);
      return [];
    }
    const now = context();
    const news = newsOfItem(item, now.project, waits);
    const all = targets.flatMap((target) => {
      const hasCard = now.capabilities.edit && !target.direct && wants(target.verbosityOf(id), "stages");
      // One that ends without ever having moved has no story to follow.
      const hasMoved = ["Coding", "Qa", "Merge"].includes(item.best.state.stage.stage);
      const card = hasCard && hasMoved ? cardOf(item, target.room, now) : undefined;
      // What belongs below the card waits for it.
      if (card !== undefined && !chat.sent.has(card.mark.key)) return [card];
      return plan(news, target);
    });
    if (all.length === 0 && !waitsForPerson(item, waits)) touched.delete(id);
    return all;
  };
  const plan = (news: readonly News[], target: Target): readonly Due[] =>
    news.flatMap((one) => planNotice(one, target, clock.wallMs(), context()) ?? []);

  return {
    touch: (items) => {
      for (const id of items ?? desk.view().items.keys()) touched.add(id);
    },
    look: () => {
      nodes.look();
      ofMesh = [...nodes.news().map(newsOfNode), ...newsOfBudget(desk.view(), clock.wallMs())];
    },
    due: () => {
      const targets = targetsOf(account, desk.view());
      const now = clock.wallMs();
      const { naming } = desk;
      // The books are opened once for all items, and only where one waits for money.
      const waits: Waits = { ...naming, unpaidAnywhere: once(() => naming.unpaidAnywhere?.() ?? (() => undefined)) };
      return [
        ...replies(),
        ...remindersDue(now, context()),
        ...[...touched].flatMap((id) => ofItem(id, targets, waits)),
        ...targets.flatMap((target) => plan(ofMesh, target)),
        ...targets.flatMap((target) => digestsFor(target, now, context())),
      ];
    },
  };
}

interface NodeWatch {
  look(): void;
  news(): readonly NodeNews[];
}

/** What this node saw of the others since it speaks. What was so before is nobody's news. */
function createNodeWatch(desk: ChatDesk, clock: Clock): NodeWatch {
  const states = new Map<string, { readonly isAlive: boolean; readonly sinceMs: number; isTold: boolean }>();
  const news = new Map<string, NodeNews>();
  return {
    look: () => {
      const now = clock.monoMs();
      for (const { id, name, alive, self, removed } of desk.nodes()) {
        if (self || removed) continue;
        const known = states.get(id);
        if (known === undefined || known.isAlive !== alive) {
          // The first look is no change, and one that came back before it was missed is none either.
          const isNews = known !== undefined && (!alive || news.get(id)?.isAlive === false);
          states.set(id, { isAlive: alive, sinceMs: now, isTold: !isNews });
        } else if (!known.isTold && (alive || now - known.sinceMs >= SILENT_MS)) {
          known.isTold = true;
          news.set(id, { id, name, isAlive: alive, since: clock.wallMs() });
        }
      }
      for (const [id, { since, isAlive }] of news) if (isAlive && since < clock.wallMs() - NEWS_MS) news.delete(id);
    },
    news: () => [...news.values()],
  };
}
