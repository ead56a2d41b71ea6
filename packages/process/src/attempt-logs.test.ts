import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttemptLogs } from "@skein/node";
import { expect, test } from "vitest";
import { createAttemptLogs } from "./attempt-logs.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const newDirectory = (): string => join(mkdtempSync(join(tmpdir(), "skein-logs-")), "logs");

function readText(logs: AttemptLogs, item: string, epoch: number): string | undefined {
  const piece = logs.read({ item, epoch }, 0, 1_000_000);
  return piece === undefined ? undefined : Buffer.from(piece.bytes).toString();
}

test("pieces are read by byte offset with the size now", () => {
  const logs = createAttemptLogs({ directory: newDirectory(), maxBytesPerLog: 1000 });
  logs.append({ item: "abc", epoch: 1 }, bytes("grü"));
  logs.append({ item: "abc", epoch: 1 }, bytes("ße"));
  expect(logs.read({ item: "abc", epoch: 1 }, 0, 4)).toEqual({ bytes: new Uint8Array(bytes("grü")), end: 7 });
  expect(logs.read({ item: "abc", epoch: 1 }, 4, 100)).toEqual({ bytes: new Uint8Array(bytes("ße")), end: 7 });
  expect(logs.read({ item: "abc", epoch: 1 }, 7, 100)).toEqual({ bytes: new Uint8Array(0), end: 7 });
  expect(logs.read({ item: "abc", epoch: 1 }, 99, 100)).toEqual({ bytes: new Uint8Array(0), end: 7 });
  expect(logs.read({ item: "abc", epoch: 1 }, -5, 2)).toEqual({ bytes: new Uint8Array(bytes("gr")), end: 7 });
});

test("logs survive a restart and go on where they stopped", () => {
  const directory = newDirectory();
  createAttemptLogs({ directory, maxBytesPerLog: 1000 }).append({ item: "abc", epoch: 1 }, bytes("one "));
  const logs = createAttemptLogs({ directory, maxBytesPerLog: 1000 });
  logs.append({ item: "abc", epoch: 1 }, bytes("two"));
  expect(readText(logs, "abc", 1)).toBe("one two");
});

test("epochs are listed in ascending order, without foreign files", () => {
  const directory = newDirectory();
  const logs = createAttemptLogs({ directory, maxBytesPerLog: 1000 });
  for (const epoch of [10, 2, 0]) logs.append({ item: "abc", epoch }, bytes("x"));
  for (const name of ["notes.txt", "01.log", "-1.log", "9999999999999999.log"]) {
    writeFileSync(join(directory, "abc", name), "");
  }
  expect(logs.epochs("abc")).toEqual([0, 2, 10]);
  expect(logs.epochs("other")).toEqual([]);
});

test("a log that is not here reads as undefined", () => {
  const logs = createAttemptLogs({ directory: newDirectory(), maxBytesPerLog: 1000 });
  expect(logs.read({ item: "abc", epoch: 1 }, 0, 10)).toBeUndefined();
});

test("a log ends at its limit with one final line, also after a restart", () => {
  const directory = newDirectory();
  const logs = createAttemptLogs({ directory, maxBytesPerLog: 10 });
  logs.append({ item: "abc", epoch: 1 }, bytes("12345678"));
  logs.append({ item: "abc", epoch: 1 }, bytes("90abc"));
  logs.append({ item: "abc", epoch: 1 }, bytes("dropped"));
  createAttemptLogs({ directory, maxBytesPerLog: 10 }).append({ item: "abc", epoch: 1 }, bytes("dropped"));
  expect(readText(logs, "abc", 1)).toBe(
    "1234567890\n[skein] This log was cut here: it reached its limit of 10 bytes.\n",
  );
});

test("a log that fits its limit exactly is not marked as cut", () => {
  const logs = createAttemptLogs({ directory: newDirectory(), maxBytesPerLog: 4 });
  logs.append({ item: "abc", epoch: 1 }, bytes("1234"));
  logs.append({ item: "abc", epoch: 1 }, bytes(""));
  expect(readText(logs, "abc", 1)).toBe("1234");
});

test.each([
  { item: "../abc", epoch: 1 },
  { item: "a/b", epoch: 1 },
  { item: "ABC", epoch: 1 },
  { item: "", epoch: 1 },
  { item: "a\n", epoch: 1 },
  { item: "a".repeat(33), epoch: 1 },
  { item: "abc", epoch: -1 },
  { item: "abc", epoch: 1.5 },
  { item: "abc", epoch: Number.NaN },
  { item: "abc", epoch: 2 ** 53 },
])("%j is refused as a name", (attempt) => {
  const logs = createAttemptLogs({ directory: newDirectory(), maxBytesPerLog: 1000 });
  expect(() => logs.append(attempt, bytes("x"))).toThrow("assertion failed");
  expect(logs.read(attempt, 0, 10)).toBeUndefined();
  expect(attempt.item === "abc" ? [] : logs.epochs(attempt.item)).toEqual([]);
});

test("logs are readable by their owner only", () => {
  const directory = newDirectory();
  createAttemptLogs({ directory, maxBytesPerLog: 10 }).append({ item: "abc", epoch: 1 }, bytes("x"));
  expect(statSync(join(directory, "abc", "1.log")).mode & 0o077).toBe(0);
  expect(statSync(join(directory, "abc")).mode & 0o077).toBe(0);
});

test("a disk that fails is told once and does not throw", () => {
  const directory = newDirectory();
  const told: string[] = [];
  const logs = createAttemptLogs({ directory, maxBytesPerLog: 10, onTrouble: (message) => told.push(message) });
  logs.append({ item: "abc", epoch: 1 }, bytes("x"));
  writeFileSync(join(directory, "file"), "in the way");
  logs.append({ item: "file", epoch: 1 }, bytes("x"));
  logs.append({ item: "file", epoch: 1 }, bytes("x"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("Could not write the log");
  expect(readFileSync(join(directory, "file"), "utf8")).toBe("in the way");
});
