import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createKeyFile, deriveKeys, type KeyState } from "./key-file.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "skein-key-file-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const KEY = new Uint8Array(32).fill(1);
const STATE: KeyState = {
  position: "s1",
  encryptedRooms: ["!a:example.org"],
  databases: [
    {
      name: "keys",
      version: 3,
      stores: [
        {
          name: "session",
          options: { keyPath: null, autoIncrement: false },
          indexes: [],
          keys: [["a", 1]],
          values: [new Uint8Array([1, 2, 3])],
        },
      ],
    },
  ],
};

test("what was written is read again, by its own device and key alone", async () => {
  const file = createKeyFile(join(directory, "keys"), "device", KEY);
  expect(await file.read()).toBeUndefined();
  await file.write(STATE);
  expect(await file.read()).toEqual(STATE);
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, "keys")).mode & 0o777).toBe(0o700);
  expect(await createKeyFile(join(directory, "keys"), "device", new Uint8Array(32)).read()).toBe("sealed");
  const other = createKeyFile(join(directory, "keys"), "another device", KEY);
  expect(await other.read()).toBeUndefined();
  writeFileSync(other.path, readFileSync(file.path));
  expect(await other.read()).toBe("sealed");
});

test("a file that was changed anywhere, or cut, does not open", async () => {
  const file = createKeyFile(directory, "damaged", KEY);
  await file.write(STATE);
  const whole = readFileSync(file.path);
  for (const at of [0, 12, Math.floor(whole.length / 2), whole.length - 1]) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    writeFileSync(file.path, damaged);
    expect(await file.read()).toBe("sealed");
  }
  for (const length of [0, 5, 28, whole.length - 1]) {
    writeFileSync(file.path, whole.subarray(0, length));
    expect(await file.read()).toBe("sealed");
  }
});

test("a file that cannot be read is no file that is not there", async () => {
  const file = createKeyFile(join(directory, "damaged.keys-is-no-folder"), "x", KEY);
  writeFileSync(join(directory, "damaged.keys-is-no-folder"), "");
  await expect(file.read()).rejects.toThrow("ENOTDIR");
});

test("an account's keys are derived as they always were", async () => {
  const { file, seeds } = await deriveKeys("a secret of more than thirty-two characters", "@bot:example.org");
  const hex = [file, seeds.master, seeds.selfSigning, seeds.userSigning].map((one) => Buffer.from(one).toString("hex"));
  expect(new Set(hex).size).toBe(4);
  expect(hex).toMatchInlineSnapshot(`
    [
      "f5aad14f0bf9654d7b5f27f11446747c07700d43715a79298b3875746651f4c5",
      "25de1dbf947704d181b675512a13264251f9af58995ae732105f7709a8251972",
      "000183883b30da8bae7d3cb0d52f9b320ced38f6021fb0b501bdab3dbb95f9e6",
      "1517cfa3f60e6a30aefda8ba1f57af4799534dd8bd6fe30d2588c7892c78819c",
    ]
  `);
});
