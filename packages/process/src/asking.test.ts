/** The directory in which an agent asks: what is told of it, how the agent hears, and what is left of it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AskedFile, AskingPlace, Clock } from "@skein/node";
import { expect, test } from "vitest";
import { createAsking } from "./asking.ts";

const ITEM = "0123456789ab";

interface Stand {
  readonly root: string;
  readonly place: AskingPlace;
  readonly asked: AskedFile[];
  readonly trouble: string[];
  /** Lets the next look happen. */
  look(): void;
}

function stand(before: (directory: string) => void = () => undefined): Stand {
  const root = mkdtempSync(join(tmpdir(), "skein-asking-"));
  let next: (() => void) | undefined;
  const clock: Clock = {
    monoMs: () => 0,
    wallMs: () => 0,
    after: (_delayMs, run) => {
      next = run;
      return () => {
        next = undefined;
      };
    },
  };
  const asked: AskedFile[] = [];
  const trouble: string[] = [];
  before(join(root, `${ITEM}-1`));
  const opened = createAsking({ directory: root, clock }).open(
    { item: ITEM, epoch: 1 },
    (file) => asked.push(file),
    (message) => trouble.push(message),
  );
  if (!opened.ok) throw new Error(opened.error);
  const look = (): void => {
    const run = next;
    next = undefined;
    run?.();
  };
  return { root, place: opened.value, asked, trouble, look };
}

const put = ({ place }: Stand, name: string, content: string): void =>
  writeFileSync(join(place.directory, name), content);
const textOf = ({ content }: AskedFile): string => (content.ok ? Buffer.from(content.value).toString() : content.error);
const told = ({ asked }: Stand): readonly (readonly [string, string])[] =>
  asked.map((file) => [file.name, textOf(file)]);

test("a question is told once with its bytes, and its answer stands beside it", () => {
  const here = stand();
  expect(here.place.directory).toBe(join(here.root, `${ITEM}-1`));
  here.look();
  put(here, "port.json", "{}");
  put(here, "other.part", "{}");
  here.look();
  here.look();
  expect(told(here)).toEqual([["port", "{}"]]);
  expect(here.place.answer("port", "443")).toEqual({ ok: true, value: undefined });
  expect(readFileSync(join(here.place.directory, "port.answer"), "utf8")).toBe("443");
  expect(here.place.refuse("port", "No.")).toEqual({ ok: true, value: undefined });
  expect(readFileSync(join(here.place.directory, "port.error"), "utf8")).toBe("No.\n");
  expect(readdirSync(here.place.directory).toSorted()).toEqual([
    "other.part",
    "port.answer",
    "port.error",
    "port.json",
  ]);
});

test("a file of exactly the limit is read, and one byte more is not", () => {
  const here = stand();
  put(here, "a.json", "x".repeat(4_096));
  put(here, "b.json", "x".repeat(4_097));
  here.look();
  expect(told(here)).toEqual([
    ["a", "x".repeat(4_096)],
    ["b", "The question's file has more than 4096 bytes."],
  ]);
});

test("links are not followed, neither as a question nor in the place of an answer", () => {
  const here = stand();
  const secret = join(here.root, "secret");
  writeFileSync(secret, "secret");
  symlinkSync(secret, join(here.place.directory, "link.json"));
  symlinkSync(secret, join(here.place.directory, "name.answer"));
  here.look();
  expect(told(here)).toEqual([["link", "The question cannot be read: it is a symbolic link."]]);
  expect(here.place.answer("name", "replaced").ok).toBe(true);
  expect(readFileSync(secret, "utf8")).toBe("secret");
  expect(readFileSync(join(here.place.directory, "name.answer"), "utf8")).toBe("replaced");
});

test("a directory in the place of an answer is trouble in one sentence", () => {
  const here = stand();
  mkdirSync(join(here.place.directory, "name.answer", "full"), { recursive: true });
  const given = here.place.answer("name", "text");
  expect(given.ok ? "" : given.error).toMatch(/^The agent cannot be told in name\.answer: E[A-Z]+\.$/);
});

test("names that are no words are told of once and never used", () => {
  const here = stand();
  for (const name of ["UPPER.json", "two.dots.json", "...json", `${"a".repeat(21)}.json`, "new\nline.json"]) {
    put(here, name, "{}");
  }
  here.look();
  here.look();
  expect(here.asked).toEqual([]);
  expect(here.trouble).toEqual([
    "A file of the agent is no question: its name must be 1 to 20 of a-z, 0-9 and dashes, and .json.",
  ]);
});

test("of a thousand files a bounded number is read, and the rest is told of once", () => {
  const here = stand();
  for (let number = 0; number < 1_000; number++) put(here, `n${number}.json`, "{}");
  here.look();
  here.look();
  expect(here.asked).toHaveLength(64);
  expect(new Set(here.trouble)).toEqual(
    new Set([
      "The agent has put more than 512 files beside its questions: not all of them are read.",
      "The agent has put more than 64 questions there: the rest is not read.",
    ]),
  );
  expect(here.trouble).toHaveLength(2);
});

test("a directory that the agent has put in the place of its own is neither read nor written to", () => {
  const here = stand();
  const elsewhere = join(here.root, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "port.json"), "{}");
  renameSync(here.place.directory, join(here.root, "moved"));
  symlinkSync(elsewhere, here.place.directory);
  here.look();
  here.look();
  expect(here.asked).toEqual([]);
  expect(here.trouble).toEqual([
    "The agent's questions cannot be read any more: the directory was replaced by another one.",
  ]);
  expect(here.place.answer("port", "443")).toMatchObject({ ok: false });
  expect(readdirSync(elsewhere)).toEqual(["port.json"]);
});

test("what an earlier life left there is gone, and the directory goes with the attempt", async () => {
  const here = stand((directory) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "old.json"), "{}");
  });
  here.look();
  expect(here.asked).toEqual([]);
  put(here, "port.json", "{}");
  await here.place.close();
  here.look();
  expect(here.asked).toEqual([]);
  expect(existsSync(here.place.directory)).toBe(false);
});
