/**
 * What every sandbox has to hold, whatever it is made with. Each driver runs this suite against the real kernel; where a
 * driver is not installed the suite fails.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Driver } from "@skein/sandbox";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { commandLines, exited, MIB, openStand, SECRET, type Stand } from "../support/sandbox-stand.ts";
import { waitFor } from "../support/wait.ts";
import { describeLimits } from "./sandbox-contract-limits.ts";
import { describeNetwork, describeWayOut } from "./sandbox-contract-network.ts";

export function describeSandboxContract(createDriver: (secret: string) => Driver): void {
  describe("a sandbox", () => {
    let stand: Stand;
    beforeAll(async () => {
      stand = openStand(createDriver);
      // A sandbox that is missing is a failure of this suite, and never a reason to leave it out.
      const available = await createDriver(stand.data).available();
      expect(available.ok ? "" : available.error).toBe("");
    });
    afterAll(() => stand.remove());
    const inside = (): Stand => stand;
    describe("files", () => {
      describeFiles(inside);
    });
    describe("rights", () => {
      describeRights(inside);
    });
    describe("network", () => {
      describeNetwork(inside);
    });
    describe("way out", () => {
      describeWayOut(inside);
    });
    describe("beginning and end", () => {
      describeEnds(inside);
    });
    describe("limits", () => {
      describeLimits(inside);
    });
  });
}

function describeFiles(stand: () => Stand): void {
  test("what it may write it writes, and what it may read it reads, at the paths they have outside", async () => {
    const { clone, asks, story, sh } = stand();
    const { end, output } = await sh(`pwd; cat ${story}; echo work > work; echo asked > ${asks}/q.json`);
    expect({ end, output }).toEqual({ end: exited(0), output: `${clone}\n# A story\n` });
    expect(readFileSync(join(clone, "work"), "utf8")).toBe("work\n");
    expect(readFileSync(join(asks, "q.json"), "utf8")).toBe("asked\n");
  });

  test("what it may read it cannot write", async () => {
    const { story, sh } = stand();
    for (const path of [story, "/usr/bin/env", "/etc/passwd", "/usr/new", "/new", "/etc/new", "/dev/new", "/bin/new"]) {
      const { output } = await sh(`echo x > ${path} && echo written`);
      expect(output).not.toContain("written");
    }
    expect(readFileSync(story, "utf8")).toBe("# A story\n");
  });

  test("of the data directory it sees its own paths and nothing else", async () => {
    const { data, sh } = stand();
    const { output } = await sh(`find ${data} -not -path '*/one/*' | sort`);
    const names = output.trim().split("\n");
    expect(names).toContain(join(data, "git", "attempts", "one"));
    expect(names.filter((path) => /node\.key|token|other/.test(path))).toEqual([]);
    const { output: found } = await sh(`grep -rs ${SECRET} ${data} /tmp /home /run /var; echo searched`);
    expect(found).toBe("searched\n");
  });

  test("of the machine it sees programs and libraries", async () => {
    const { sh } = stand();
    const { output } = await sh("ls -A /; echo; ls -A /home /run /var");
    const [top = "", ...others] = output.split("\n\n");
    const rest = others.join("\n");
    const allowed = /^(?:bin|sbin|lib|lib32|lib64|libx32|usr|etc|proc|sys|dev|tmp|home|run|var)$/;
    expect(top.split("\n").filter((name) => !allowed.test(name))).toEqual([]);
    expect(rest.trim().split(/\s+/)).toEqual(expect.arrayContaining(["/home:", "skein", "/run:", "/var:", "tmp"]));
    expect(rest).not.toMatch(/docker|dbus|systemd|log|lib/);
    for (const path of [
      "/root",
      "/sys",
      "/mnt",
      "/srv",
      "/boot",
      "/opt",
      "/etc/shadow",
      "/etc/ssh",
      "/etc/ssl/private",
    ]) {
      const { output } = await sh(`ls -A ${path} 2>/dev/null; true`);
      expect(output).toBe("");
    }
  });

  test("its home and its temporary files are its own, empty, and gone afterwards", async () => {
    const { sh } = stand();
    const script =
      "ls -A /tmp ~ /dev/shm; cd /tmp; echo > left-by-a-room; echo > ~/.bashrc; echo > /dev/shm/x; echo $HOME $USER 2>&1";
    const first = await sh(script);
    const second = await sh(script);
    expect(second.output).toBe(first.output);
    expect(first.output).toContain("/home/skein skein");
    expect(first.output).not.toMatch(/^x$|bashrc|left/m);
    expect(existsSync("/tmp/left-by-a-room")).toBe(false);
  });

  test("temporary files are limited", async () => {
    const { sh } = stand();
    const { output } = await sh("head -c 200M /dev/zero > /tmp/big || stat -c %s /tmp/big", {
      limits: { memoryBytes: 64 * MIB },
    });
    expect(output).toMatch(/No space left/);
    expect(Number(output.trim().split("\n").at(-1))).toBeLessThanOrEqual(64 * MIB);
  });

  test("what the owner of the machine gives is there: caches to write, the rest to read", async () => {
    const { root, own, sh } = stand();
    const [tool, cache] = [join(root, "tool"), join(root, "cache")];
    for (const directory of [tool, cache]) mkdirSync(directory);
    writeFileSync(join(tool, "run"), "#!/bin/sh\necho tool\n", { mode: 0o755 });
    Object.assign(own, { read: [tool], caches: [cache] });
    const { output } = await sh(`${tool}/run; echo kept > ${cache}/kept; echo x > ${tool}/x || echo read-only`);
    Object.assign(own, { read: [], caches: [] });
    expect(output).toContain("tool\n");
    expect(output).toContain("read-only");
    expect(readFileSync(join(cache, "kept"), "utf8")).toBe("kept\n");
    expect(readdirSync(tool)).toEqual(["run"]);
  });

  test("a path that is not there, or that holds the data directory, makes no room", async () => {
    const { root, data, own, sh } = stand();
    for (const path of [join(root, "missing"), root, data, "/"]) {
      Object.assign(own, { read: [path] });
      const { end } = await sh("echo ran");
      expect(end).toMatchObject({ type: "no-room", message: expect.stringContaining(path) });
    }
    Object.assign(own, { read: [] });
  });
}

function describeRights(stand: () => Stand): void {
  test("it is an ordinary user without any capability, and cannot become more", async () => {
    const { sh } = stand();
    const { output } = await sh(
      "id -u; id -g; grep -E '^(Cap|NoNewPrivs)' /proc/self/status; unshare -Ur true; mount -t tmpfs x /tmp",
    );
    expect(output).toMatch(/^1000\n1000\n/);
    expect(output).toMatch(/NoNewPrivs:\t1/);
    expect(output.match(/^Cap\w+:\t(\w+)$/gm)?.filter((line) => !/\t0+$/.test(line))).toEqual([]);
    expect(output).toMatch(/unshare: .*failed/);
    expect(output).toMatch(/mount: .*(?:denied|permitted|must be superuser)/);
  });

  test("of processes it sees its own", async () => {
    const { sh } = stand();
    const { output } = await sh("ls /proc | grep -c '^[0-9]*$'; cat /proc/[0-9]*/environ | tr '\\0' '\\n'", {
      env: { MINE: "seen" },
    });
    expect(Number(output.split("\n")[0])).toBeLessThan(8);
    expect(output).toContain("MINE=seen");
    expect(output).not.toContain("VITEST");
  });

  test("nothing below /proc that belongs to no process can be written or tells secrets", async () => {
    const { node } = stand();
    const script = `
      import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
      const writable = [];
      const look = (path, depth) => {
        for (const entry of readdirSync(path, { withFileTypes: true })) {
          const name = path + "/" + entry.name;
          if (/^\\/proc\\/(?:\\d+|self|thread-self|net|mounts)$/.test(name) || entry.isSymbolicLink()) continue;
          if (entry.isDirectory()) { if (depth < 6) try { look(name, depth + 1); } catch {} continue; }
          // What is hidden is /dev/null, to which anybody may write.
          if (statSync(name).isCharacterDevice()) continue;
          try { accessSync(name, constants.W_OK); writable.push(name); } catch {}
        }
      };
      look("/proc", 0);
      const secrets = ["kallsyms", "keys", "kmsg", "timer_list", "kcore", "vmallocinfo", "sysrq-trigger"].filter((name) => {
        try { return readFileSync("/proc/" + name, { flag: "r" }).length > 0; } catch { return false; }
      });
      console.log(JSON.stringify({ writable, secrets }));`;
    const before = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
    const { output } = await node(script);
    expect(JSON.parse(output)).toEqual({ writable: [], secrets: [] });
    expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(before);
  });

  test("it gets the environment that was given, which nobody reads from a command line", async () => {
    const { sh, data } = stand();
    const running = sh(`env; cat /proc/*/cmdline | tr '\\0' ' '; touch begun; while [ ! -e go ]; do sleep 0.05; done`, {
      env: { API_KEY: "key-of-the-agent" },
    });
    await waitFor("the command to run", () => existsSync(join(stand().clone, "begun")));
    const lines = commandLines();
    writeFileSync(join(stand().clone, "go"), "");
    const { output } = await running;
    expect(output).toContain("API_KEY=key-of-the-agent\n");
    expect(output.match(/key-of-the-agent/g)).toHaveLength(1);
    expect(lines.some((line) => line.includes(data))).toBe(true);
    expect(lines.filter((line) => line.includes("key-of-the-agent"))).toEqual([]);
    const names = output.match(/^[A-Za-z_]\w*(?==)/gm)?.toSorted();
    expect(names?.filter((name) => !["_", "SHLVL", "OLDPWD"].includes(name))).toEqual(
      ["API_KEY", "HOME", "LOGNAME", "PATH", "PWD", "SHELL", "SKEIN_RUN", "TMPDIR", "USER"].toSorted(),
    );
  });

  test("it holds no descriptor but its input and output", async () => {
    const { node } = stand();
    const { output } = await node(`
      import { readdirSync, readlinkSync } from "node:fs";
      const open = readdirSync("/proc/self/fd").filter((fd) => { try { return /pipe|socket/.test(readlinkSync("/proc/self/fd/" + fd)); } catch { return false; } });
      const own = new Set(open.map((fd) => readlinkSync("/proc/self/fd/" + fd)));
      const parent = ["0", "1", "2"].map((fd) => readlinkSync("/proc/self/fd/" + fd));
      const first = readdirSync("/proc/1/fd").map((fd) => { try { return readlinkSync("/proc/1/fd/" + fd); } catch { return ""; } });
      console.log(JSON.stringify({ shared: first.filter((link) => /pipe|socket/.test(link) && !parent.includes(link)) }));`);
    expect(JSON.parse(output)).toEqual({ shared: [] });
  });
}

function describeEnds(stand: () => Stand): void {
  test.each([0, 1, 3, 77, 255])("exit code %i comes out", async (code) => {
    expect((await stand().sh(`exit ${code}`)).end).toEqual(exited(code));
  });

  test("a program that a signal ends is told by its code, as a shell does", async () => {
    expect((await stand().sh("kill -SEGV $$")).end).toEqual(exited(139));
  });

  test("standard input arrives, and both outputs come out", async () => {
    const { end, output } = await stand().sh("cat; echo err >&2", { stdin: "story\n" });
    expect(end).toEqual(exited(0));
    expect(output.split("\n").toSorted()).toEqual(["", "err", "story"]);
  });

  test("a program that is nowhere, and one that is not inside, are told apart from one that fails", async () => {
    const { root, run } = stand();
    expect((await run(["no-such-program"])).end).toMatchObject({
      type: "not-started",
      message: expect.stringContaining("there is no such program"),
    });
    const hidden = join(root, "hidden-tool");
    writeFileSync(hidden, "#!/bin/sh\necho ran\n", { mode: 0o755 });
    expect((await run([hidden])).end).toMatchObject({
      type: "not-started",
      message: expect.stringContaining("is not in the sandbox. Name its directory under sandbox.read in node.yaml."),
    });
  });

  test("a working directory that is not there makes no room, whatever the program would have done", async () => {
    const { clone, sh } = stand();
    expect((await sh("echo ran", { cwd: join(clone, "gone") })).end).toMatchObject({ type: "no-room" });
  });

  test("daemons that fork twice, leave the session, clear their environment and ignore signals end with the run", async () => {
    const { clone, sh } = stand();
    const daemon = `trap '' TERM HUP INT; while :; do date +%s%N > ${clone}/beat; sleep 0.05; done`;
    const { end } = await sh(
      `setsid -f env -i sh -c "${daemon}" </dev/null >/dev/null 2>&1; while [ ! -s beat ]; do sleep 0.02; done`,
    );
    expect(end).toEqual(exited(0));
    const last = readFileSync(join(clone, "beat"), "utf8");
    await waitFor("another beat, if there is one", () => true);
    expect(commandLines().filter((line) => line.includes(`${clone}/beat`))).toEqual([]);
    expect(readFileSync(join(clone, "beat"), "utf8")).toBe(last);
  });

  test.each([
    ["stops itself", "kill -STOP $$"],
    ["ignores SIGTERM", "trap '' TERM; while :; do sleep 1; done"],
  ])("one that %s ends at its limit", async (_what, script) => {
    const { end } = await stand().sh(script, { limits: { wallMs: 1_000 } });
    expect(end).toEqual({ type: "limit", limit: "wall" });
    expect(commandLines().filter((line) => line.includes(stand().clone))).toEqual([]);
  });

  test("at a limit it hears SIGTERM and has time for a last word", async () => {
    const { output } = await stand().sh("trap 'echo last word; exit 0' TERM; while :; do sleep 0.05; done", {
      limits: { wallMs: 1_000 },
    });
    expect(output).toContain("last word\n");
  });

  test("an aborted run is over, with everything in it", async () => {
    const abort = new AbortController();
    const running = stand().sh(`echo > ${stand().clone}/aborting; sleep 60 & sleep 60`, { signal: abort.signal });
    await waitFor("it to run", () => existsSync(join(stand().clone, "aborting")));
    abort.abort();
    expect((await running).end).toEqual({ type: "aborted" });
    expect(commandLines().filter((line) => line.includes(stand().clone))).toEqual([]);
  });
}
