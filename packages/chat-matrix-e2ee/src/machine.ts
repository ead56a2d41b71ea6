/**
 * One machine that encrypts and decrypts for a device, with its keys in a file. It can do only one thing at a time, and whatever
 * changes its keys is in the file before anything of it leaves: a key that is used a second time after a crash would give away
 * what was written with it.
 */
import { createHash } from "node:crypto";
import { serialize } from "node:v8";

import { DeviceId, OlmMachine, StoreHandle, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { CryptographyRequest } from "@skein/chat-matrix";

import { deleteDatabases, dumpDatabases, restoreDatabases } from "./indexed-db.ts";
import { type KeyFile, type KeyState } from "./key-file.ts";

export interface KeptMachine {
  readonly machine: OlmMachine;
  readonly position: () => string | undefined;
  readonly encryptedRooms: ReadonlySet<string>;
  /** Durable when it resolves. */
  readonly save: (change?: Partial<Pick<KeyState, "position" | "encryptedRooms">>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** So that an account that is opened again in one process finds nothing of what was closed. */
let machines = 0;

export async function openMachine(
  { userId, deviceId, log, account }: CryptographyRequest,
  file: KeyFile,
  kept: KeyState | undefined,
): Promise<KeptMachine> {
  const name = `skein-${machines++}`;
  const debug = (message: unknown): void => log("debug", "chat.matrix.keys", { account, message: String(message) });
  const logger = { debug: () => {}, info: () => {}, warn: debug, error: debug };
  await restoreDatabases(name, kept?.databases ?? []);
  const store = await StoreHandle.open(name, null, logger);
  const machine = await OlmMachine.initFromStore(new UserId(userId), new DeviceId(deviceId), store, logger);
  // Else the handle keeps the databases open when the machine is closed.
  store.free();
  // Nodes do not pass keys on to each other; each is sent its own.
  machine.roomKeyRequestsEnabled = false;
  machine.roomKeyForwardingEnabled = false;
  let { position, encryptedRooms }: Omit<KeyState, "databases"> = kept ?? { position: undefined, encryptedRooms: [] };
  const rooms = new Set(encryptedRooms);
  let written = "";

  return {
    machine,
    position: () => position,
    encryptedRooms: rooms,
    save: async (change = {}) => {
      if ("position" in change) position = change.position;
      for (const room of change.encryptedRooms ?? []) rooms.add(room);
      encryptedRooms = [...rooms];
      const state: KeyState = { position, encryptedRooms, databases: await dumpDatabases(name) };
      const digest = createHash("sha256").update(serialize(state)).digest("hex");
      if (digest === written) return;
      await file.write(state);
      written = digest;
    },
    close: async () => {
      machine.close();
      await deleteDatabases(name);
    },
  };
}
