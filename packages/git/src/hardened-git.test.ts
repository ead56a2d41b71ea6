import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createGit } from "./hardened-git.ts";
import { createFixture, errorOf, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

/** In the place of ssh: writes down its process and does not end when it is asked to. */
async function stuckRemote(): Promise<{ remote: string; access: { sshCommand: string }; pidFile: string }> {
  const pidFile = join(fixture.directory, "pid");
  const program = join(fixture.directory, "ssh");
  await fixture.executable(
    program,
    `trap '' TERM; echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; while :; do sleep 1; done`,
  );
  return { remote: "ssh://example.invalid/x", access: { sshCommand: program }, pidFile };
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/cmdline`);

async function goneFrom(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8"));
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 5_000);
}

test("an abort ends git and everything it started", async () => {
  const { pidFile, ...options } = await stuckRemote();
  const node = await fixture.node("alice", options);
  const abort = new AbortController();
  const fetching = node.fetchBase(abort.signal);
  await vi.waitFor(() => expect(existsSync(pidFile)).toBe(true), 10_000);
  const waiting = node.fetchBase(abort.signal);
  abort.abort();
  expect(errorOf(await waiting).type).toBe("aborted");
  expect(errorOf(await fetching).type).toBe("aborted");
  await goneFrom(pidFile);
  expect(errorOf(await node.fetchBase(abort.signal)).type).toBe("aborted");
});

test("a remote that never answers is given up after the deadline", async () => {
  const { pidFile, ...options } = await stuckRemote();
  const node = await fixture.node("alice", { ...options, deadlines: { localMs: 30_000, remoteMs: 1_000 } });
  expect(errorOf(await node.fetchBase(never))).toMatchObject({ type: "remote-unreachable" });
  await goneFrom(pidFile);
});

test("output beyond the limit ends git", async () => {
  const git = createGit({ emptyHome: fixture.directory });
  const call = { doing: "list", gitDir: fixture.remote, args: ["log", "-p", "main"], maxOutputBytes: 10 };
  expect(errorOf(await git.run(call, never)).message).toContain("more than 10 bytes");
});

test("credentials reach only calls that talk to the remote, and the environment is not inherited", async () => {
  vi.stubEnv("SKEIN_CANARY", "inherited");
  vi.stubEnv("GIT_DIR", "/nonexistent");
  const seen = join(fixture.directory, "seen");
  const access = {
    sshCommand: `env > ${seen}; false`,
    sshAuthSock: "/agent.sock",
    env: { https_proxy: "http://proxy", LD_PRELOAD: "evil.so" },
  };
  const node = await fixture.node("alice", { remote: "ssh://example.invalid/x", access });
  expect(errorOf(await node.fetchBase(never)).type).toBe("remote-unreachable");
  vi.unstubAllEnvs();
  const env = await readFile(seen, "utf8");
  expect(env).toContain("SSH_AUTH_SOCK=/agent.sock\n");
  expect(env).toContain("https_proxy=http://proxy\n");
  expect(env).toContain("GIT_ALLOW_PROTOCOL=ssh\n");
  expect(env).toContain(`HOME=${join(fixture.directory, "nodes/alice/home")}\n`);
  expect(env).not.toMatch(/SKEIN_CANARY|LD_PRELOAD|nonexistent/u);

  const git = createGit({ emptyHome: fixture.directory, access });
  const local = await git.output({ doing: "show", args: ["-c", "alias.env=!env", "env"] }, never);
  expect(valueOf(local)).not.toMatch(/SSH_AUTH_SOCK|https_proxy/u);
});

test("a call without a transport cannot use any", async () => {
  const git = createGit({ emptyHome: fixture.directory });
  for (const address of [fixture.remote, "https://example.invalid/x", "ssh://example.invalid/x", "ext::sh -c true"]) {
    const error = errorOf(await git.output({ doing: "list", args: ["ls-remote", address] }, never));
    expect(error.message).toContain("not allowed");
  }
});

test("a git that is not there is said so", async () => {
  vi.stubEnv("PATH", join(fixture.directory, "home"));
  const git = createGit({ emptyHome: fixture.directory });
  const error = errorOf(await git.output({ doing: "look", args: ["version"] }, never));
  vi.unstubAllEnvs();
  expect(error.message).toContain("Install git 2.39.4 or newer");
});

test("no other file of this package starts a process", async () => {
  const sources = (await readdir(import.meta.dirname, { recursive: true })).filter((name) => name.endsWith(".ts"));
  expect(sources.length).toBeGreaterThan(10);
  const starters: string[] = [];
  for (const name of sources) {
    const text = await readFile(join(import.meta.dirname, name), "utf8");
    if (/child_process["']|worker_threads["']|process\.binding/u.test(text) && !name.endsWith(".test.ts"))
      starters.push(name);
  }
  expect(starters).toEqual(["hardened-git.ts"]);
});
