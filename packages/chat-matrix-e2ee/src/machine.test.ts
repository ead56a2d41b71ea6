import { EncryptionSettings, RoomId, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import type { CryptographyRequest } from "@skein/chat-matrix";
import { expect, test } from "vitest";

import type { KeyFile, KeyState } from "./key-file.ts";
import { openMachine, type KeptMachine } from "./machine.ts";

interface MemoryFile extends KeyFile {
  readonly states: KeyState[];
  failure: Error | undefined;
}

function memoryFile(): MemoryFile {
  const file: MemoryFile = {
    path: "memory",
    states: [],
    failure: undefined,
    read: () => Promise.resolve(file.states.at(-1)),
    write: (state) => {
      if (file.failure !== undefined) return Promise.reject(file.failure);
      file.states.push(state);
      return Promise.resolve();
    },
  };
  return file;
}

const open = (file: MemoryFile, userId = "@bot:example.org"): Promise<KeptMachine> => {
  const request: CryptographyRequest = {
    account: "main",
    userId,
    deviceId: "DEVICE",
    secret: "",
    acceptsUnsigned: false,
    identities: {},
    http: () => Promise.resolve({ type: "unclear", reason: "nobody answers" }),
    log: () => {},
  };
  return openMachine(request, file, file.states.at(-1));
};

const room = (): RoomId => new RoomId("!room:example.org");

/** Encrypts for the device itself. */
async function encrypted(kept: KeptMachine, body: string): Promise<string> {
  await kept.machine.shareRoomKey(room(), [new UserId("@bot:example.org")], new EncryptionSettings());
  return kept.machine.encryptRoomEvent(room(), "m.room.message", JSON.stringify({ body }));
}

test("a machine that is opened again has the keys, the position and the rooms that it had", async () => {
  const file = memoryFile();
  const first = await open(file);
  const before = JSON.parse(await encrypted(first, "one")) as { session_id: string };
  await first.save({ position: "s1", encryptedRooms: ["!a:x"] });
  const key = first.machine.identityKeys.ed25519.toBase64();
  first.close();
  const again = await open(file);
  expect(again.machine.identityKeys.ed25519.toBase64()).toBe(key);
  expect([again.position(), [...again.encryptedRooms]]).toEqual(["s1", ["!a:x"]]);
  const after = JSON.parse(await encrypted(again, "two")) as { session_id: string };
  expect(after.session_id).toBe(before.session_id);
  again.close();
});

test("two machines that are opened at once do not get into each other's keys", async () => {
  const files = [memoryFile(), memoryFile()] as const;
  const kept = await Promise.all(files.map((file) => open(file)));
  await Promise.all(kept.map((one) => one.save()));
  const keys = kept.map(({ machine }) => machine.identityKeys.ed25519.toBase64());
  expect(keys[0]).not.toBe(keys[1]);
  const again = await Promise.all(files.map((file) => open(file)));
  expect(again.map(({ machine }) => machine.identityKeys.ed25519.toBase64())).toEqual(keys);
});

test("nothing is written when nothing changed", async () => {
  const file = memoryFile();
  const kept = await open(file);
  await kept.save();
  await kept.save();
  expect(file.states).toHaveLength(1);
  await encrypted(kept, "one");
  await kept.save();
  expect(file.states).toHaveLength(2);
});

test("the position does not move before it is written", async () => {
  const file = memoryFile();
  const kept = await open(file);
  await kept.save({ position: "s1" });
  file.failure = new Error("ENOSPC");
  await expect(kept.save({ position: "s2" })).rejects.toThrow("ENOSPC");
  expect(kept.position()).toBe("s1");
  file.failure = undefined;
  await kept.save({ position: "s3" });
  expect(file.states.at(-1)?.position).toBe("s3");
});
