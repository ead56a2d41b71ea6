/** Encryption costs a node nothing until an account asks for it: a real node says which modules it loads. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { accountsOf, configureChat, speakerOf } from "../support/chat-room.ts";
import type { MatrixUser } from "../support/matrix-user.ts";
import { startMesh } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { startSynapse, SYNAPSE_START_MS, type Synapse } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
let synapse: Synapse;
let bot: MatrixUser;
let node: NodeProcess;
let record: string;

/**
 * Runs in the node before its own code, and writes down every module that is looked for. As long as there is a second file,
 * the package is as good as not installed.
 */
const RECORDER = `
import { appendFileSync, existsSync } from "node:fs";
export const resolve = (specifier, context, next) => {
  appendFileSync(process.env.MODULE_RECORD, specifier + "\\n");
  if (specifier === "@skein/chat-matrix-e2ee" && existsSync(process.env.MODULE_RECORD + ".missing")) {
    throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  }
  return next(specifier, context);
};
`;

beforeAll(async () => {
  synapse = await startSynapse();
  world.atEnd(() => synapse.dispose());
  bot = await synapse.user("skein");
  const project = await world.project();
  const folder = world.directory("recorder");
  record = join(folder, "modules.txt");
  writeFileSync(record, "");
  writeFileSync(join(folder, "hooks.mjs"), RECORDER);
  writeFileSync(
    join(folder, "recorder.mjs"),
    'import { register } from "node:module";\nregister("./hooks.mjs", import.meta.url);\n',
  );
  const env = {
    MATRIX_TOKEN: bot.token,
    MATRIX_KEY: "only the nodes know this, and nobody else",
    MODULE_RECORD: record,
    NODE_OPTIONS: `--import=${join(folder, "recorder.mjs")}`,
  };
  [node] = (await startMesh(world, { project, names: ["alice"], each: () => ({ env }) })) as [NodeProcess];
}, SYNAPSE_START_MS);

const configure = (settings: Readonly<Record<string, unknown>>): void =>
  configureChat(node, [
    {
      kind: "matrix",
      rooms: [],
      settings: { homeserver: synapse.url, ...settings },
      secrets: { accessToken: { env: "MATRIX_TOKEN" }, encryptionKey: { env: "MATRIX_KEY" } },
    },
  ]);

const loaded = (name: string): boolean => readFileSync(record, "utf8").includes(name);

test("an account without encryption loads nothing of it, on a running node", async () => {
  configure({});
  await speakerOf([node], "matrix/main");
  expect(loaded("@skein/chat-matrix")).toBe(true);
  for (const name of ["chat-matrix-e2ee", "matrix-sdk-crypto-wasm", "fake-indexeddb"]) {
    expect(loaded(name)).toBe(false);
  }
});

test("where the package is not installed, an account that asks for it says what to install, and the node goes on", async () => {
  writeFileSync(`${record}.missing`, "");
  configure({ encryption: true });
  const account = await waitFor("the refusal", async () =>
    (await accountsOf(node)).find(({ trouble }) => trouble !== ""),
  );
  expect(account).toMatchObject({
    state: "stopped",
    trouble: expect.stringContaining("Install @skein/chat-matrix-e2ee"),
  });
  expect(loaded("matrix-sdk-crypto-wasm")).toBe(false);
});

test("where it is installed, the account speaks with keys of its own", async () => {
  rmSync(`${record}.missing`);
  configure({ encryption: true, unsignedDevices: "accept" });
  await speakerOf([node], "matrix/main");
  const { device_keys } = await bot.call("POST", "/v3/keys/query", { device_keys: { [bot.id]: [] } });
  expect(JSON.stringify(device_keys)).toContain("curve25519");
  expect(loaded("matrix-sdk-crypto-wasm")).toBe(true);
});
