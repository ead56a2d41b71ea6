/**
 * One machine that encrypts and decrypts for a device, with its keys in a file. It can do only one thing at a time, and whatever
 * changes its keys is in the file before anything of it leaves: a key that is used a second time after a crash would give away
 * what was written with it.
 */
import { createHash } from "node:crypto";
import { serialize } from "node:v8";

import { DeviceId, OlmMachine, StoreHandle, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { CryptographyRequest } from "@skein/chat-matrix";

import { createDatabases } from "./indexed-db.ts";
import { type KeyFile, type KeyState } from "./key-file.ts";

export interface KeptMachine {
  readonly machine: OlmMachine;
  readonly position: () => string | undefined;
  readonly encryptedRooms: ReadonlySet<string>;
  /** Durable when it resolves. */
  readonly save: (change?: Partial<Pick<KeyState, "position" | "encryptedRooms">>) => Promise<void>;
  readonly close: () => void;
}

const STORE = "keys";

export async function openMachine(
  { userId, deviceId, log, account }: CryptographyRequest,
  file: KeyFile,
  kept: KeyState | undefined,
): Promise<KeptMachine> {
  const debug = (message: unknown): void => log("debug", "chat.matrix.keys", { account, message: String(message) });
  const logger = { debug: () => {}, info: () => {}, warn: debug, error: debug };
  const databases = createDatabases();
  await databases.restore(kept?.databases ?? []);
  const machine = await databases.during(async () => {
    const store = await StoreHandle.open(STORE, null, logger);
    return OlmMachine.initFromStore(new UserId(userId), new DeviceId(deviceId), store, logger);
  });
  // Nodes do not pass keys on to each other; each is sent its own.
  machine.roomKeyRequestsEnabled = false;
  machine.roomKeyForwardingEnabled = false;
  const rooms = new Set(kept?.encryptedRooms);
  let position = kept?.position;
  let written = "";

  return {
    machine,
    position: () => position,
    encryptedRooms: rooms,
    save: async (change = {}) => {
      for (const room of change.encryptedRooms ?? []) rooms.add(room);
      const to = "position" in change ? change.position : position;
      const state: KeyState = { position: to, encryptedRooms: [...rooms], databases: await databases.dump() };
      const digest = createHash("sha256").update(serialize(state)).digest("hex");
      if (digest !== written) await file.write(state);
      written = digest;
      // Not before it is written: the homeserver forgets what is older than the position it is asked from.
      position = to;
    },
    close: () => machine.close(),
  };
}
