/** Limits that every sandbox keeps, all processes of a run together. */
import { expect, test } from "vitest";

import { commandLines, MIB, type Stand } from "../support/sandbox-stand.ts";

export function describeLimits(stand: () => Stand): void {
  test("memory, all processes together", async () => {
    const hog = (most: number): string =>
      `const all = []; setInterval(() => { if (all.length < ${most}) all.push(Buffer.alloc(8 << 20, 1)); }, 20);`;
    // Neither passes the limit by itself.
    const script = `node -e '${hog(20)}' & node -e '${hog(20)}' & wait`;
    const { end } = await stand().sh(script, { limits: { memoryBytes: 256 * MIB } });
    expect(end).toEqual({ type: "limit", limit: "memory" });
  });

  test("processes, also in a bomb of forks", async () => {
    const { end } = await stand().sh("bomb() { bomb & bomb & wait; }; bomb", { limits: { processes: 64 } });
    expect(end).toEqual({ type: "limit", limit: "processes" });
    expect(commandLines().filter((line) => line.includes(stand().clone))).toEqual([]);
  });

  test("processor time, all processes together", async () => {
    const { end } = await stand().sh("while :; do :; done & while :; do :; done", { limits: { cpuMs: 2_000 } });
    expect(end).toEqual({ type: "limit", limit: "cpu" });
  });

  test("disk, in the clone", async () => {
    const { end } = await stand().sh(
      "for n in 1 2 3 4 5 6 7 8; do head -c 16M /dev/urandom > fill$n; sleep 0.4; done; sleep 30",
      {
        limits: { diskBytes: 64 * MIB },
      },
    );
    expect(end).toEqual({ type: "limit", limit: "disk" });
    await stand().sh("rm -f fill*");
  });

  test.each(["/tmp", "/home/skein", "/dev/shm"])("disk, in the private %s", async (place) => {
    const { end } = await stand().sh(`cd ${place}; for n in 1 2 3; do head -c 30M /dev/zero > $n; done; sleep 30`, {
      limits: { diskBytes: 64 * MIB },
    });
    expect(end).toEqual({ type: "limit", limit: "disk" });
  });

  test("disk, in a file that was deleted and is still open", async () => {
    const { end } = await stand().sh(
      "exec 5> hidden; rm hidden; head -c 60M /dev/zero >&5; head -c 60M /dev/zero >&5; sleep 30",
      {
        limits: { diskBytes: 64 * MIB },
      },
    );
    expect([{ type: "limit", limit: "disk" }]).toContainEqual(end);
  });

  test("one file is not longer than the disk limit, sparse or not", async () => {
    const { output } = await stand().sh("truncate -s 100G sparse || echo refused; rm -f sparse", {
      limits: { diskBytes: 64 * MIB },
    });
    expect(output).toMatch(/refused|File size limit|File too large/);
  });

  test("no core files", async () => {
    expect((await stand().sh("ulimit -c")).output).toBe("0\n");
  });
}
