/** Feeds whose author wrote two histories, with the two signed frames that prove it. */
import { type Crypto, feedParts, type FrameIndex, framesOf, headerBytesOf, type Replica, toHex } from "@skein/core";

import type { LogStore } from "./ports.ts";

export interface ProvedFork {
  readonly feed: string;
  readonly author: string;
  readonly incarnation: string;
  /** The first seq that has two ops: from there on nothing of the feed counts. */
  readonly seq: number;
  /** Different headers with one author, incarnation, first seq and previous frame, each with a valid signature. All hex.
   * A signature is null when a pack left it out because a later frame's covers it. */
  readonly proof: readonly { readonly frame: string; readonly header: string; readonly signature: string | null }[];
}

export interface ForkDeps {
  readonly replica: Replica;
  readonly index: FrameIndex;
  readonly store: LogStore;
  readonly crypto: Crypto;
}

export function listForks({ replica, index, store, crypto }: ForkDeps): readonly ProvedFork[] {
  return [...replica.forks()].map(([feed, seq]) => {
    const { author, incarnation } = feedParts(feed);
    const proof: ProvedFork["proof"][number][] = [];
    for (let position = 1; position <= index.size; position++) {
      const { branch, lastSeq } = index.at(position);
      if (!branch.startsWith(feed) || lastSeq < seq) continue;
      const record = store.frame(position);
      const opened = record === undefined ? undefined : framesOf(record.bytes, crypto);
      const frame = opened?.ok === true ? opened.value[position - (record?.position ?? 0)] : undefined;
      if (frame?.header.firstSeq !== seq) continue;
      const signature = frame.signature === null ? null : toHex(frame.signature);
      proof.push({ frame: toHex(frame.hash), header: toHex(headerBytesOf(frame.header)), signature });
    }
    return { feed, author, incarnation, seq, proof };
  });
}
