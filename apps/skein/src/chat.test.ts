/** `node.yaml` of a running node: what is wrong with it costs nothing but itself. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createMeshDouble } from "@skein/chat/testing";
import { expect, test, vi } from "vitest";

import { createChat } from "./chat.ts";

const WITH_INTERPRETER = 'interpreter: { run: ["true"] }\n';

test("a version that cannot be applied ends neither the node nor the reading of later ones", async () => {
  const directory = mkdtempSync(join(tmpdir(), "skein-chat-"));
  try {
    const path = join(directory, "node.yaml");
    // Where the interpreter's own directory would be is a file.
    writeFileSync(join(directory, "interpreter"), "");
    const logged: string[] = [];
    const log = (level: string, event: string, fields?: object): void =>
      void logged.push(`${level} ${event} ${JSON.stringify(fields)}`);
    const desk = createMeshDouble().desk("alice");
    const chat = await createChat(directory, { desk }, log);
    chat.start();
    const until = (words: string): Promise<void> =>
      vi.waitFor(() => expect(logged.join("\n")).toContain(words), { timeout: 8_000, interval: 100 });
    writeFileSync(path, WITH_INTERPRETER);
    await until("could not be applied");
    logged.length = 0;
    writeFileSync(path, "transports: []\n");
    await until("config.applied");
    await chat.stop();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 20_000);
