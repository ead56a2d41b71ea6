/**
 * Carets of stories between nodes: this node tells where its own sessions are, and keeps what others tell for as long as they
 * repeat it. Names come from the node that a person sits at, and say which one that is.
 */
import {
  beatOrder,
  type Crypto,
  keyStatus,
  LIMITS,
  memberOf,
  type Membership,
  openCursor,
  sealCursor,
  type Signer,
  type StoryText,
} from "@skein/core";

import type { SealedBeat } from "../presence.ts";
import type { Cancel, Clock } from "../ports.ts";
import type { Cursor } from "./story-api.ts";

export interface StoryCursorsDeps {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly signer: () => Signer;
  readonly self: () => string;
  readonly mesh: Uint8Array;
  readonly membership: () => Membership;
  readonly boot: number;
  readonly send: (sealed: SealedBeat) => void;
  /** A cursor of another node moved, or is gone. */
  readonly onHeard: (at: StoryText, client: number, cursor: Cursor | undefined) => void;
  /** Cursors of this node's own sessions. */
  readonly own: () => readonly (readonly [at: StoryText, cursors: readonly Cursor[]])[];
}

export interface StoryCursors {
  tell(at: StoryText, client: number, cursor: Cursor | undefined): void;
  /** The key (hex) of whose it is, when it was news and so is to be passed on. */
  receive(sealed: SealedBeat): string | undefined;
  of(at: StoryText): readonly Cursor[];
  stop(): void;
}

/** Moves within this time are one. */
const GATHER_MS = 120;
const REPEAT_MS = 8_000;
/** So many cursors are told at a time; the rest when they are repeated. */
const AT_ONCE = 8;
const GONE_AFTER_MS = 25_000;
/** Cursors of one member; what it tells beyond is not kept. */
const KEPT_MAX = 64;

interface Heard {
  readonly at: StoryText;
  readonly member: string;
  readonly cursor: Cursor;
  readonly monoMs: number;
}

export function createStoryCursors(deps: StoryCursorsDeps): StoryCursors {
  const { clock } = deps;
  const moved = new Map<number, { readonly at: StoryText; readonly cursor: Cursor | undefined }>();
  const heard = new Map<string, Heard>();
  const newest = new Map<string, bigint>();
  let counter = 0;
  let gather: Cancel | undefined;
  let repeat: Cancel | undefined;

  const say = ({ item, field }: StoryText, client: number, cursor: Cursor | undefined): void => {
    counter++;
    const name = (cursor?.name ?? "").slice(0, LIMITS.nameLength);
    const said = { boot: deps.boot, counter, item, field, client, name };
    deps.send(sealCursor(deps.mesh, { ...said, selection: cursor?.selection ?? null }, deps.signer()));
  };
  const flush = (): void => {
    gather = undefined;
    const now = [...moved].slice(0, AT_ONCE);
    for (const [client, { at, cursor }] of now) {
      moved.delete(client);
      say(at, client, cursor);
    }
    if (moved.size > 0) gather = clock.after(GATHER_MS, flush);
  };
  const forget = (key: string, { at, cursor }: Heard): void => {
    heard.delete(key);
    deps.onHeard(at, cursor.client, undefined);
  };
  /** Says again where this node's sessions are, and forgets whom nobody has named for long. Ends by itself. */
  const again = (): void => {
    repeat = undefined;
    for (const [at, cursors] of deps.own()) {
      for (const cursor of cursors) if (moved.size < AT_ONCE) moved.set(cursor.client, { at, cursor });
    }
    const isBusy = moved.size > 0;
    flush();
    for (const [key, one] of heard) if (clock.monoMs() - one.monoMs > GONE_AFTER_MS) forget(key, one);
    if (isBusy || heard.size > 0) repeat = clock.after(REPEAT_MS, again);
  };
  const repeatLater = (): void => {
    repeat ??= clock.after(REPEAT_MS, again);
  };

  return {
    tell: (at, client, cursor) => {
      moved.set(client, { at, cursor });
      gather ??= clock.after(GATHER_MS, flush);
      repeatLater();
    },
    receive: (sealed) => {
      const isNews = (one: Parameters<typeof beatOrder>[0] & { readonly node: string }): boolean =>
        keyStatus(deps.membership(), one.node) === "current" && beatOrder(one) > (newest.get(one.node) ?? 0n);
      const said = openCursor(sealed, deps.mesh, isNews, deps.crypto);
      const from = said === undefined ? undefined : memberOf(deps.membership(), said.node);
      if (said === undefined || from === undefined || from.id === deps.self()) return undefined;
      newest.set(said.node, beatOrder(said));
      const { item, field, client, selection } = said;
      const at: StoryText = { item, field };
      const key = `${from.id} ${client}`;
      const before = heard.get(key);
      if (selection === null) {
        if (before !== undefined) forget(key, before);
        return said.node;
      }
      const isFull =
        before === undefined && [...heard.values()].filter(({ member }) => member === from.id).length >= KEPT_MAX;
      if (isFull) return said.node;
      const cursor: Cursor = { client, name: nameOn(said.name, from.name), selection };
      heard.set(key, { at, member: from.id, cursor, monoMs: clock.monoMs() });
      deps.onHeard(at, client, cursor);
      repeatLater();
      return said.node;
    },
    of: ({ item, field }) =>
      [...heard.values()].filter(({ at }) => at.item === item && at.field === field).map(({ cursor }) => cursor),
    stop: () => {
      gather?.();
      repeat?.();
    },
  };
}

const nameOn = (name: string, node: string): string => (name === node || name === "" ? node : `${name} on ${node}`);
