/** The last copy of the board, kept so that a page opens without any node. It is gone when somebody signs out. */
import type { Role } from "@skein/core";
import { createStore, del, get, set } from "idb-keyval";

export interface Copy {
  /** Whose board it is (hex), and the node that it came from. */
  readonly mesh: string;
  readonly node: string;
  readonly nodeName: string;
  /** Who was signed in. */
  readonly member: string;
  readonly name: string;
  readonly role: Role;
  /** Unix ms. */
  readonly savedMs: number;
  /** The document's state as a Yjs update. */
  readonly update: Uint8Array;
}

/** Where it is kept: one per page. What fails there costs the copy and nothing else. */
export interface Copies {
  load(): Promise<Copy | undefined>;
  save(copy: Copy): Promise<void>;
  clear(): Promise<void>;
}

const KEY = "board";

/** In this origin's IndexedDB: other nodes' pages, on other ports too, have their own. */
export function copiesInBrowser(): Copies {
  const store = createStore("skein", "copies");
  return {
    load: () => get<Copy>(KEY, store),
    save: (copy) => set(KEY, copy, store),
    clear: () => del(KEY, store),
  };
}
