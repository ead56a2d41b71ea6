import { expect, test } from "vitest";
import { parseProjectConfig } from "./parse.ts";

const MARK = "Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2";

/** The keys of the problems that speak of secrets; fails when any message repeats the secret itself. */
function secretsIn(text: string): readonly string[] {
  const parsed = parseProjectConfig(`project: demo\n${text}\n`, "skein.yaml");
  if (parsed.ok) return [];
  expect(JSON.stringify(parsed.error)).not.toContain(MARK.slice(0, 10));
  return parsed.error.problems.filter(({ message }) => message.includes("secrets do not belong")).map(({ key }) => key);
}

test.each([
  "token",
  "apiKey",
  "api_key",
  "API-KEY",
  "GITHUB_TOKEN",
  "password",
  "clientSecret",
  "private_key",
  "credentials",
])("a key named %s is refused, and its value is not repeated", (key) => {
  expect(secretsIn(`${key}: ${MARK}`)).toEqual([key]);
});

test("a secret inside agent.env is refused where it is", () => {
  expect(secretsIn(`agent: { kind: scripted, env: { OPENAI_API_KEY: ${MARK} } }`)).toEqual([
    "agent.env.OPENAI_API_KEY",
  ]);
});

test.each([
  ["remote", `remote: https://user:${MARK}@host/x.git`],
  ["remote", `remote: https://ghp_${MARK}@github.com/a/b.git`],
  ["gate[0][1]", `gate: [[curl, "http://u:${MARK}@host/"]]`],
  ["gate[0][1]", `gate: [[deploy, --token=${MARK}]]`],
  ["agent.env[0]", `agent: { kind: scripted, env: ["ghp_${MARK}"] }`],
  ["base", `base: glpat-${MARK}`],
])("a value that carries a credential is refused at %s", (key, text) => {
  expect(secretsIn(text)).toEqual([key]);
});

test("a value that is wrong in another way is not repeated when it is long", () => {
  expect(secretsIn(`agent: { kind: scripted, env: [KEY=${MARK}] }`)).toEqual([]);
  expect(secretsIn(`claim: { ttl: ${MARK} }`)).toEqual([]);
});

test("names of variables, users without a password and scp-like remotes are no secrets", () => {
  for (const text of [
    "agent: { kind: scripted, env: [GITHUB_TOKEN, API_KEY] }",
    "remote: https://alice@host/x.git",
    "remote: ssh://git@host:22/x.git",
    "remote: git@host:team/x.git",
    "gate: [[npm, run, test:token]]",
  ]) {
    expect(parseProjectConfig(`project: demo\n${text}\n`, "skein.yaml").ok).toBe(true);
  }
});

test("the sentence says where secrets go instead", () => {
  const parsed = parseProjectConfig("project: demo\ntoken: x\n", "skein.yaml");
  expect(parsed.ok ? "" : parsed.error.problems[0]?.message).toBe(
    "token looks like a secret, and secrets do not belong in this file, which everybody with the repository can read; " +
      "keep it on the machine: in an environment variable that agent.env names, or for git in an ssh agent or a credential helper.",
  );
});
