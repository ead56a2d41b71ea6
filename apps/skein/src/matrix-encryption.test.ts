import type { AccountConfig } from "@skein/config";
import { expect, test } from "vitest";

import { createMatrixEncryption } from "./matrix-encryption.ts";

const account = (kind: string, settings: unknown, enabled = true): AccountConfig => ({
  kind,
  name: "main",
  enabled,
  pin: "",
  rooms: [],
  prefixes: [],
  roles: {},
  fourEyes: [],
  settings,
  secrets: {},
});

function prepared(isInstalled = true): {
  readonly encryption: ReturnType<typeof createMatrixEncryption>;
  readonly loads: string[];
  readonly said: string[];
} {
  const [loads, said]: [string[], string[]] = [[], []];
  const encryption = createMatrixEncryption(
    "/data",
    (_level, event) => said.push(event),
    () => {
      loads.push("load");
      if (!isInstalled) return Promise.reject(new Error("Cannot find package"));
      return Promise.resolve({
        createCryptographyOpener: (directory) => {
          loads.push(directory);
          return () => Promise.resolve({ type: "unusable", reason: "a double" });
        },
      });
    },
  );
  return { encryption, loads, said };
}

test("nothing is loaded as long as no account asks for encryption", async () => {
  const { encryption, loads } = prepared();
  await encryption.prepare([
    account("matrix", {}),
    account("matrix", { encryption: false }),
    account("matrix", { encryption: "true" }),
    account("slack", { encryption: true }),
    account("matrix", { encryption: true }, false),
  ]);
  expect(loads).toEqual([]);
  expect(encryption.open()).toBeUndefined();
});

test("it is loaded once when an account asks, with a folder of the data directory", async () => {
  const { encryption, loads } = prepared();
  await encryption.prepare([account("matrix", { encryption: true })]);
  await encryption.prepare([account("matrix", { encryption: true })]);
  expect(loads).toEqual(["load", "/data/matrix-keys"]);
  expect(encryption.open()).toBeDefined();
});

test("where it is not installed the node goes on without, and it is tried again when the file changes", async () => {
  const { encryption, loads, said } = prepared(false);
  await encryption.prepare([account("matrix", { encryption: true })]);
  await encryption.prepare([account("matrix", { encryption: true })]);
  expect(encryption.open()).toBeUndefined();
  expect(said).toEqual(["chat.matrix.encryption-not-loaded", "chat.matrix.encryption-not-loaded"]);
  expect(loads).toEqual(["load", "load"]);
});
