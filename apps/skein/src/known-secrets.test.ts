/** Which variables of the node's own environment are secrets to keep out of logs, and which are called so by accident. */
import { createSecrets } from "@skein/node";
import { afterEach, expect, test, vi } from "vitest";

import { addOwnSecrets } from "./known-secrets.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a variable that is called like a secret is one, and the directory that the node was started in is none", () => {
  vi.stubEnv("DATABASE_PASSWORD", "correct horse battery");
  vi.stubEnv("PWD", "/home/ada/projects");
  const secrets = createSecrets();
  addOwnSecrets(secrets, { path: "/nowhere", token: "0123456789abcdef" });
  expect(secrets.text("/home/ada/projects: correct horse battery, 0123456789abcdef")).toBe(
    "/home/ada/projects: [secret], [secret]",
  );
});
