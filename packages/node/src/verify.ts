/** `skein verify`: reads the whole log from disk and checks every hash, every chain and every signature again. */
import { type CommandError, createReplica, type Crypto, err, ok, type Plain, type Result } from "@skein/core";

import type { LogStore } from "./ports.ts";

export function verifyLog(store: LogStore, mesh: Uint8Array, crypto: Crypto): Result<Plain, CommandError> {
  const replica = createReplica(mesh, crypto);
  let frames = 0;
  for (const { position, bytes } of store.frames(1)) {
    // A fresh replica takes nothing on trust.
    const taken = replica.take(bytes);
    if (!taken.ok) {
      const where = `Frame ${position} of the log on disk does not verify: ${taken.error.message}.`;
      return err({ code: "unavailable", message: `${where} Keep the data directory, and join again with a new one.` });
    }
    frames++;
  }
  return ok({ frames, ops: replica.opCount(), signatures: frames, ok: true });
}
