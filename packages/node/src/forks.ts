/** Feeds whose author wrote two histories, with the two signed frames that prove it. */
import { type Crypto, type FrameIndex, openFrame, type Replica, toHex } from "@skein/core";

import type { LogStore } from "./ports.ts";

export interface ProvedFork {
  readonly feed: string;
  readonly author: string;
  readonly incarnation: string;
  /** The first seq that has two ops: from there on nothing of the feed counts. */
  readonly seq: number;
  /** Different headers with one author, incarnation, first seq and previous frame, each with a valid signature. All hex. */
  readonly proof: readonly { readonly frame: string; readonly header: string; readonly signature: string }[];
}

export interface ForkDeps {
  readonly replica: Replica;
  readonly index: FrameIndex;
  readonly store: LogStore;
  readonly crypto: Crypto;
}

export function listForks({ replica, index, store, crypto }: ForkDeps): readonly ProvedFork[] {
  return [...replica.forks()].map(([feed, seq]) => {
    const [author = "", incarnation = ""] = feed.split("/");
    const proof: ProvedFork["proof"][number][] = [];
    for (let position = 1; position <= index.size; position++) {
      const { branch, lastSeq } = index.at(position);
      if (!branch.startsWith(feed) || lastSeq < seq) continue;
      const opened = openFrame(store.frame(position) ?? new Uint8Array(), crypto);
      if (!opened.ok || opened.value.header.firstSeq !== seq) continue;
      const { hash, headerBytes, signature } = opened.value;
      proof.push({ frame: toHex(hash), header: toHex(headerBytes), signature: toHex(signature) });
    }
    return { feed, author, incarnation, seq, proof };
  });
}
