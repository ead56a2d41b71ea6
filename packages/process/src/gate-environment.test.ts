import { expect, test } from "vitest";
import { childEnvironment } from "./gate-environment.ts";

const OWN = {
  PATH: "/usr/bin",
  HOME: "/home/ada",
  USER: "ada",
  LOGNAME: "ada",
  SHELL: "/bin/zsh",
  LANG: "en_US.UTF-8",
  LC_ALL: "C",
  LC_CTYPE: "UTF-8",
  TZ: "Europe/Berlin",
  TMPDIR: "/var/tmp",
  TERM: "xterm-256color",
  AWS_SECRET_ACCESS_KEY: "aws-secret",
  SSH_AUTH_SOCK: "/run/agent.sock",
  NODE_OPTIONS: "--require /tmp/x.js",
  npm_config_registry: "http://registry",
  npm_lifecycle_event: "start",
  LD_PRELOAD: "/tmp/x.so",
  GIT_DIR: "/somewhere/.git",
  SKEIN_TOKEN: "token",
  LC_evil: "x",
  PATHEXT: "x",
  MODEL_KEY: "model-secret",
};

test("an agent gets the allowed names, a dumb terminal and nothing else", () => {
  expect(childEnvironment({ own: OWN, purpose: "agent", passNames: [], skein: {} })).toEqual({
    PATH: "/usr/bin",
    HOME: "/home/ada",
    USER: "ada",
    LOGNAME: "ada",
    SHELL: "/bin/zsh",
    LANG: "en_US.UTF-8",
    LC_ALL: "C",
    LC_CTYPE: "UTF-8",
    TZ: "Europe/Berlin",
    TMPDIR: "/var/tmp",
    TERM: "dumb",
  });
});

test("a gate is told that it runs unattended", () => {
  expect(childEnvironment({ own: {}, purpose: "gate", passNames: [], skein: {} })).toEqual({ TERM: "dumb", CI: "1" });
});

test("names from the configuration are passed exactly, and only when the node has them", () => {
  const environment = childEnvironment({ own: OWN, purpose: "agent", passNames: ["MODEL_KEY", "ABSENT"], skein: {} });
  expect(environment["MODEL_KEY"]).toBe("model-secret");
  expect(Object.keys(environment)).not.toContain("ABSENT");
  expect(environment).not.toHaveProperty("AWS_SECRET_ACCESS_KEY");
});

test("Skein's own values win over passed names", () => {
  const environment = childEnvironment({
    own: OWN,
    purpose: "agent",
    passNames: ["SKEIN_ITEM", "SKEIN_TOKEN"],
    skein: { SKEIN_ITEM: "abc", SKEIN_TOKEN: "given" },
  });
  expect(environment["SKEIN_ITEM"]).toBe("abc");
  expect(environment["SKEIN_TOKEN"]).toBe("given");
});
