/** A store with nothing in it that forgets what it is given, for what only needs to have one. */
import { ok } from "@skein/core";

import type { LogStore } from "../ports.ts";

export const emptyLogStore: LogStore = {
  frames: () => [].values(),
  frame: () => undefined,
  append: () => ok(undefined),
  replace: () => ok(undefined),
  getMeta: () => undefined,
  putMeta: () => ok(undefined),
  close: () => undefined,
};
