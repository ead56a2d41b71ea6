/**
 * What a page knows and may do: the live board as signals, questions to the node, commands. Pages see `Session` and
 * nothing of how the node is reached, so that this file alone changes when the way in does.
 */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import {
  type Answer,
  type Client,
  connect,
  copiesInBrowser,
  type Dial,
  followSignOut,
  type NodeFacts,
  signIn,
  type Status,
  type Who,
} from "@skein/client";
import type { Board } from "@skein/core";
import { type AwayTexts, type Gone, isAway } from "./away.ts";
import type { PageCommand } from "./commands.ts";
import { codeIn, takeLink } from "./login-code.ts";
import { nodeAnswers } from "./node-answers.ts";
import { hearOtherTabs } from "./other-tabs.ts";
import { keepNothingMore } from "./pages/item/story/kept-edits.ts";
import type { EventListeners } from "./raw-answers.ts";
import { plainText, timeText } from "./text.ts";
import { followForgetting, forgetTyped, typeAs } from "./typed.ts";

/** @public */
export type { Answer } from "@skein/client";

/** Immutable snapshots: a map is a new one when it changed, a value in it is the same object until it changed. @public */
export type BoardMaps = Board;

export interface Session {
  readonly connection: ReadonlySignal<Status>;
  /** The node that answers, or answered last; undefined until one has. */
  readonly node: ReadonlySignal<NodeFacts | undefined>;
  /** As whom the page acts. Undefined like `node`. */
  readonly who: ReadonlySignal<Who | undefined>;
  /** Pages are shown only once the first copy has come. */
  readonly board: ReadonlySignal<BoardMaps>;
  /** GET of a path such as `api/v1/items`, relative to the page. */
  query<T>(path: string): Promise<Answer<T>>;
  /** A file, such as a kept one, with what the query would have refused it with. */
  download(path: string): Promise<Answer<Blob>>;
  /** Server-sent events of a path, until they end or the returned function is called. */
  follow(path: string, listeners: EventListeners): () => void;
  /** Where to open a socket of a path by now; undefined until somebody is signed in. */
  dial(path: string): Dial | undefined;
  /** A command with its input, such as `item.start` and `{ item }`. */
  command(name: PageCommand, input: object): Promise<Answer<unknown>>;
}

/** The same with the way in and out, for the frame alone. */
export interface Entrance extends Session {
  /** There is a board to show, fresh or stale. */
  readonly loaded: ReadonlySignal<boolean>;
  /** Why nobody is signed in, when that is more than not having tried; empty otherwise. */
  readonly refusal: ReadonlySignal<string>;
  /** With a link, or the code in it. */
  signIn(text: string): Promise<void>;
  signOut(): Promise<void>;
}

export interface EntranceTexts {
  readonly malformed: string;
  readonly ended: string;
  readonly unanswered: string;
  readonly away: AwayTexts;
}

export function openSession(texts: EntranceTexts): Entrance {
  const url = document.baseURI;
  const connection = signal<Status>({ type: "connecting" });
  const node = signal<NodeFacts | undefined>(undefined);
  const who = signal<Who | undefined>(undefined);
  const board = signal<BoardMaps>({ items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() });
  const loaded = signal(false);
  const refusal = signal("");
  let client: Client | undefined;

  const onStatus = (now: Status): void =>
    batch(() => {
      connection.value = now;
      if (now.type !== "signed-out") return;
      // Somebody who was in is told why they are not any more.
      if (who.value !== undefined) refusal.value = texts.ended;
      loaded.value = false;
    });
  const start = (): Client => {
    const started = connect({ url, copies: copiesInBrowser() });
    started.subscribe({
      onStatus,
      onNode: (facts) => (node.value = facts),
      onWho: (person) => (who.value = person),
      onBoard: (maps) =>
        batch(() => {
          board.value = maps;
          loaded.value = true;
        }),
    });
    return started;
  };
  const gone = (): Gone => ({
    node: plainText(node.peek()?.name ?? ""),
    status: connection.peek(),
    timeOf: (atMs) => timeText(atMs, Date.now()),
  });
  // Somebody else now acts in this browser: nothing of the one before shall stay on the page.
  const tabs = hearOtherTabs(() => {
    void client?.query<Who>("api/v1/session").then((now) => {
      const isSame = now.ok && now.value.member === who.peek()?.member && now.value.role === who.peek()?.role;
      if (!isSame || connection.peek().type === "signed-out") location.reload();
    });
  });
  const enter = async (text: string): Promise<void> => {
    const code = codeIn(text);
    const answer = code === undefined ? undefined : await signIn(url, code);
    if (answer?.ok === true) {
      refusal.value = "";
      client?.close();
      await typeAs(answer.value.member);
      tabs.tellSignedIn();
      client = start();
      return;
    }
    if (answer === undefined) refusal.value = texts.malformed;
    else refusal.value = isAway(answer) ? texts.unanswered : answer.error.message;
    // A link that was opened before: perhaps in this very browser, which is signed in then.
    client ??= start();
  };
  const link = takeLink(location);
  if (link === undefined) client = start();
  else void enter(link);
  // A link opened in a tab that shows the page already changes the fragment alone, and loads nothing.
  addEventListener("hashchange", () => {
    const later = takeLink(location);
    if (later !== undefined) void enter(later);
  });
  followForgetting(keepNothingMore);
  // Another tab signed out. One that has noticed by itself says why.
  followSignOut(() => connection.peek().type === "signed-out" || location.reload());
  return {
    connection,
    node,
    who,
    board,
    loaded,
    refusal,
    signIn: enter,
    signOut: () => leave(client),
    ...nodeAnswers({ client: () => client, gone, texts: texts.away }),
  };
}

async function leave(client: Client | undefined): Promise<void> {
  keepNothingMore();
  // Other tabs hear of this first, and keep nothing more before they begin anew.
  await forgetTyped();
  await client?.signOut();
  await forgetTyped();
  location.reload();
}
