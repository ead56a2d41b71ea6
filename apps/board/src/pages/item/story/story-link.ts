/**
 * The page's end of a story that is edited together. It connects, hands out a copy to type in, says what is saved, and when
 * it is cut off keeps what was typed and types it anew into the copy of the next connection.
 */
import type { Dial } from "@skein/client";
import { type ReadonlySignal, signal } from "@preact/signals";

import type { KeptEdits } from "./kept-edits.ts";
import { copyOf, createCopy, type Kept, retype, type StoryCopy } from "./story-copy.ts";
import { askForState, type Other, readMessage, type Selection, sendPresence, sendUpdate } from "./story-wire.ts";

export type StoryState =
  | { readonly type: "connecting" | "saved" | "saving" | "reading" | "gone" }
  /** Cut off; `edits`: what of it was typed and the node does not have. A browser may have no room to keep it. */
  | { readonly type: "away"; readonly edits: "none" | "kept" | "not-kept" }
  /** The node would not take what was typed; nothing more is tried until somebody says so. */
  | { readonly type: "refused"; readonly why: string };

export interface StoryLink {
  /** Another object after every connection; undefined until there is anything to show. */
  readonly copy: ReadonlySignal<StoryCopy | undefined>;
  readonly state: ReadonlySignal<StoryState>;
  readonly mayEdit: ReadonlySignal<boolean>;
  /** Who else is there, by their Yjs client. */
  readonly others: ReadonlySignal<ReadonlyMap<number, Other>>;
  move(selection: Selection | undefined): void;
  /** The page's board is live, perhaps at another node than before. */
  follow(): void;
  /** After a refusal: sends what was typed once more, as it is by now. */
  again(): void;
  /** After a refusal: takes the story as the node has it. */
  throwAway(): void;
  close(): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** Typing is kept in the browser this long after it. */
const KEEP_MS = 250;

/** The node ends a session: begin another one at once; it would not take an edit; the item is gone. */
const CLOSED_AGAIN = 4_001;
const CLOSED_REFUSED = 4_403;
const CLOSED_GONE = 4_404;

export interface StoryLinkOptions {
  /** The room at the node that the page talks to now; undefined when that is nobody. */
  readonly dial: () => Dial | undefined;
  readonly kept: KeptEdits;
}

interface Sitting {
  readonly socket: WebSocket;
  readonly url: string;
  client: number;
  /** Edits of this connection that were sent, and that the node said are saved. */
  sent: number;
  saved: number;
  /** Of the presence. */
  clock: number;
}

// One connection after another over one set of signals: its parts share all of it.
// oxlint-disable-next-line max-lines-per-function
export function openStory({ dial, kept }: StoryLinkOptions): StoryLink {
  const copy = signal<StoryCopy | undefined>(undefined);
  const state = signal<StoryState>({ type: "connecting" });
  const mayEdit = signal(true);
  const others = signal<ReadonlyMap<number, Other>>(new Map());
  let sitting: Sitting | undefined;
  /** What was typed in an earlier copy, or an earlier visit, and is not known to be saved. */
  let left: Kept | undefined;
  let selection: Selection | undefined;
  let waitMs = FIRST_WAIT_MS;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let keep: ReturnType<typeof setTimeout> | undefined;
  const ended = new AbortController();

  const keepNow = async (): Promise<void> => {
    clearTimeout(keep);
    keep = undefined;
    if (left === undefined) return;
    const isKept = await kept.write(left);
    // Said when it is so.
    if (state.peek().type === "away") state.value = { type: "away", edits: isKept ? "kept" : "not-kept" };
  };
  const keepSoon = (): void => {
    keep ??= setTimeout(() => void keepNow(), KEEP_MS);
  };
  const onEdit = (from: StoryCopy, update: Uint8Array): void => {
    if (from !== copy.peek()) return;
    left = from.unsaved();
    if (sitting !== undefined && sitting.client !== 0 && sitting.socket.readyState === WebSocket.OPEN) {
      sitting.socket.send(sendUpdate(update));
      sitting.sent++;
      state.value = { type: "saving" };
      keepSoon();
    } else void keepNow();
  };
  const show = (next: StoryCopy): void => {
    copy.value = next;
    next.onEdit((update) => onEdit(next, update));
  };

  const begin = (now: Sitting, update: Uint8Array): void => {
    const next = createCopy(update, now.client);
    const before = left;
    left = undefined;
    show(next);
    waitMs = FIRST_WAIT_MS;
    state.value = { type: mayEdit.peek() ? "saved" : "reading" };
    if (before !== undefined && mayEdit.peek()) retype(next, before);
    // Who may not edit here may perhaps where the page goes on, and has then lost nothing.
    else left = before;
    if (left === undefined) void kept.forget();
    move(selection);
  };
  const onSaved = (now: Sitting, edits: number): void => {
    now.saved = edits;
    if (now.saved < now.sent) return;
    left = undefined;
    clearTimeout(keep);
    keep = undefined;
    void kept.forget();
    state.value = { type: "saved" };
  };
  const onMessage = (now: Sitting, bytes: Uint8Array): void => {
    const said = readMessage(bytes);
    if (said.type === "session") {
      now.client = said.client;
      mayEdit.value = said.mayEdit;
    } else if (said.type === "state") begin(now, said.update);
    else if (said.type === "update") copy.peek()?.hear(said.update);
    else if (said.type === "saved") onSaved(now, said.edits);
    else if (said.type === "presence") {
      const there = new Map(others.peek());
      if (said.other === undefined) there.delete(said.client);
      else there.set(said.client, said.other);
      others.value = there;
    }
  };
  const onClose = (now: Sitting, code: number, why: string): void => {
    if (sitting !== now) return;
    sitting = undefined;
    others.value = new Map();
    if (ended.signal.aborted) return;
    if (code === CLOSED_GONE) state.value = { type: "gone" };
    else if (code === CLOSED_REFUSED) state.value = { type: "refused", why };
    else {
      if (code !== CLOSED_AGAIN) state.value = { type: "away", edits: "none" };
      void keepNow();
      retry = setTimeout(connect, code === CLOSED_AGAIN ? 50 : waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  };
  const connect = (): void => {
    retry = undefined;
    const at = dial();
    if (at === undefined) return;
    const socket = new WebSocket(at.url, at.protocols);
    socket.binaryType = "arraybuffer";
    const now: Sitting = { socket, url: at.url, client: 0, sent: 0, saved: 0, clock: 0 };
    sitting = now;
    socket.addEventListener("open", () => socket.send(askForState()));
    socket.addEventListener("message", ({ data }) => {
      if (sitting === now && data instanceof ArrayBuffer) onMessage(now, new Uint8Array(data));
    });
    socket.addEventListener("close", ({ code, reason }) => onClose(now, code, reason));
  };
  const hurry = (): void => {
    if (retry === undefined || document.hidden) return;
    clearTimeout(retry);
    connect();
  };
  /**
   * A home that does not answer the board does not answer here, even when its socket is still open. Another node that answers is
   * left only when its socket closes: what was sent there and is not known to be saved would be typed twice at home.
   */
  const follow = (): void => {
    const at = dial();
    if (at === undefined) return;
    if (sitting !== undefined) {
      const isOpen = sitting.socket.readyState === WebSocket.OPEN;
      if (sitting.url === at.url || (isOpen && at.isHome)) return;
      const { socket } = sitting;
      onClose(sitting, 0, "");
      socket.close();
    }
    if (retry === undefined) return;
    clearTimeout(retry);
    connect();
  };
  // A cable that is pulled closes no socket: the browser knows first.
  const offline = (): void => sitting?.socket.close();
  globalThis.addEventListener("online", hurry, { signal: ended.signal });
  globalThis.addEventListener("offline", offline, { signal: ended.signal });
  document.addEventListener("visibilitychange", hurry, { signal: ended.signal });
  globalThis.addEventListener("pagehide", () => void keepNow(), { signal: ended.signal });
  const move = (to: Selection | undefined): void => {
    selection = to;
    if (sitting === undefined || sitting.client === 0 || sitting.socket.readyState !== WebSocket.OPEN) return;
    sitting.socket.send(sendPresence(sitting.client, ++sitting.clock, to));
  };
  const start = async (): Promise<void> => {
    left = await kept.read();
    if (ended.signal.aborted) return;
    if (left !== undefined) show(copyOf(left));
    connect();
  };
  void start();
  return {
    copy,
    state,
    mayEdit,
    others,
    move,
    follow,
    again: () => {
      state.value = { type: "connecting" };
      connect();
    },
    throwAway: () => {
      left = undefined;
      void kept.forget();
      state.value = { type: "connecting" };
      connect();
    },
    close: () => {
      ended.abort();
      clearTimeout(retry);
      void keepNow();
      sitting?.socket.close();
    },
  };
}
