/**
 * What a page knows and may do: the live board as signals, questions to the node, commands. Pages see `Session` and
 * nothing of how the node is reached, so that this file alone changes when the way in does.
 */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Board } from "@skein/core";
import { type Connection, followBoard, type NodeFacts, PAGE_HEADER, type Who } from "./board-connection.ts";
import { type EventListeners, followEvents } from "./events.ts";
import { codeIn, takeCode } from "./login-code.ts";

/** Immutable snapshots: a map is a new one when it changed, a value in it is the same object until it changed. @public */
export type BoardMaps = Board;

/** @public */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface Session {
  readonly connection: ReadonlySignal<Connection>;
  /** The node that answers; undefined until it has answered once. */
  readonly node: ReadonlySignal<NodeFacts | undefined>;
  /** As whom the page acts and what they may do: what a role may not do is not offered. Undefined like `node`. */
  readonly who: ReadonlySignal<Who | undefined>;
  /** Pages are shown only once the first copy has come. */
  readonly board: ReadonlySignal<BoardMaps>;
  /** GET of a path such as `api/v1/items`, relative to the page. */
  query<T>(path: string): Promise<Answer<T>>;
  /** A file, such as a kept one, with what the query would have refused it with. */
  download(path: string): Promise<Answer<Blob>>;
  /** Server-sent events of a path, until they end or the returned function is called. */
  follow(path: string, listeners: EventListeners): () => void;
  /** A command of the registry with its input, such as `item.start` and `{ item }`. */
  command(name: string, input: object): Promise<Answer<unknown>>;
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
}

export function openSession(texts: EntranceTexts): Entrance {
  const connection = signal<Connection>({ type: "connecting" });
  const node = signal<NodeFacts | undefined>(undefined);
  const who = signal<Who | undefined>(undefined);
  const board = signal<BoardMaps>({ items: new Map(), nodes: new Map(), attempts: new Map(), queue: new Map() });
  const loaded = signal(false);
  const refusal = signal("");

  const onConnection = (now: Connection): void => {
    connection.value = now;
    if (now.type !== "signed-out") return;
    // Somebody who was in is told why they are not any more.
    if (who.value !== undefined) refusal.value = texts.ended;
    loaded.value = false;
  };
  const start = (): void => {
    followBoard({
      onConnection: (now) => batch(() => onConnection(now)),
      onNode: (facts, person) =>
        batch(() => {
          node.value = facts;
          who.value = person;
        }),
      onBoard: (maps) =>
        batch(() => {
          board.value = maps;
          loaded.value = true;
        }),
    });
  };
  const signIn = async (text: string): Promise<void> => {
    const code = codeIn(text);
    const answer = code === undefined ? undefined : await post("api/v1/session", { code });
    if (answer?.ok === true) {
      refusal.value = "";
      start();
      return;
    }
    batch(() => {
      refusal.value = answer === undefined ? texts.malformed : answer.error.message;
      connection.value = { type: "signed-out" };
    });
  };
  const code = takeCode(location);
  if (code === undefined) start();
  else void signIn(code);
  return {
    connection,
    node,
    who,
    board,
    loaded,
    refusal,
    signIn,
    signOut: async () => {
      await post("api/v1/session/end", {});
      location.reload();
    },
    query: (path) => ask(path, { headers: PAGE_HEADER }),
    download: (path) => fetchBlob(path, { headers: PAGE_HEADER }),
    follow: (path, listeners) => followEvents(new URL(path, document.baseURI), { headers: PAGE_HEADER }, listeners),
    command: async (name, input) => {
      const answer = await post<{ readonly result: unknown }>("api/v1/commands", { name, input });
      return answer.ok ? { ok: true, value: answer.value.result } : answer;
    },
  };
}

const post = <T>(path: string, body: object): Promise<Answer<T>> =>
  ask(path, {
    method: "POST",
    headers: { ...PAGE_HEADER, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const answer = await fetch(new URL(path, document.baseURI), { ...init, cache: "no-store" });
    const body: unknown = await answer.json();
    // The node is the one that served this page: what it answers has the shape the caller names.
    return answer.ok ? { ok: true, value: body as T } : { ok: false, error: errorIn(body, answer.status) };
  } catch (cause) {
    return { ok: false, error: { code: "away", message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

async function fetchBlob(path: string, init: RequestInit): Promise<Answer<Blob>> {
  try {
    const answer = await fetch(new URL(path, document.baseURI), { ...init, cache: "no-store" });
    if (answer.ok) return { ok: true, value: await answer.blob() };
    return { ok: false, error: errorIn(await answer.json(), answer.status) };
  } catch (cause) {
    return { ok: false, error: { code: "away", message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

function errorIn(body: unknown, status: number): { readonly code: string; readonly message: string } {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  if (typeof error === "object" && error !== null && "code" in error && "message" in error) {
    return { code: String(error.code), message: String(error.message) };
  }
  return { code: "unavailable", message: `HTTP ${status}` };
}
