/** A backup of a node that does not run, and everything that restoring refuses. Running nodes: test/integration. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { connect } from "../client.ts";
import { openDataDirectory } from "../data-directory.ts";
import { Failure } from "../failure.ts";
import { init } from "../init.ts";
import { backup } from "./backup.ts";
import { restore, type RestoreOptions } from "./restore.ts";

// Each passphrase costs a good part of a second, by design.
vi.setConfig({ testTimeout: 60_000 });

const root = mkdtempSync(join(tmpdir(), "skein-backup-"));
const data = join(root, "node");
const passphraseFile = join(root, "passphrase");
const [plain, sealed] = [join(root, "plain.backup"), join(root, "sealed.backup")];
let fresh = 0;
const place = (): string => join(root, `restored-${fresh++}`);

beforeAll(async () => {
  await init({ data, project: undefined, name: "alice", mesh: "home" });
  const client = await connect(data);
  for (let item = 0; item < 20; item++) await client.command("item.add", { title: `Item ${item}` });
  await client.close();
  writeFileSync(passphraseFile, "correct horse battery\n");
  await backup({ data, file: plain, force: false, withKey: false, passphraseFile: undefined });
  await backup({ data, file: sealed, force: false, withKey: true, passphraseFile });
}, 60_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

const restored = (options: Partial<RestoreOptions> = {}) =>
  restore({ data: place(), file: plain, passphraseFile: undefined, keyFrom: undefined, ...options });

/** Restores into a fresh place and returns what a person is told; nothing may be left behind. */
async function refusal(options: Partial<RestoreOptions>): Promise<string> {
  const before = readdirSync(root).toSorted();
  const target = options.data ?? place();
  const failure = await restored({ ...options, data: target }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(failure instanceof Failure)) throw new Error(`it was not refused: ${String(failure)}`);
  expect(readdirSync(root).toSorted()).toEqual(before);
  expect(failure.message.trim().split("\n")).toHaveLength(1);
  return failure.message;
}

async function ask(directory: string, name: string): Promise<unknown> {
  const client = await connect(directory);
  try {
    const answer = await client.command(name, {});
    return answer.ok ? answer.value : answer.error;
  } finally {
    await client.close();
  }
}

/** How often one of these secrets is in the bytes, as it is or in either hex. */
function secretsIn(file: string): number {
  const bytes = readFileSync(file);
  return ["node.key", "token"].filter((name) => {
    const text = readFileSync(join(data, name), "utf8").trim();
    const forms = [Buffer.from(text, "hex"), Buffer.from(text), Buffer.from(text.toUpperCase())];
    // Half of it would be as bad.
    return forms.some((form) => bytes.includes(form.subarray(0, form.length / 2)));
  }).length;
}

test("a backup holds no byte of the key and none of the token, sealed or not, and is for its owner alone", () => {
  expect(statSync(plain).size).toBeGreaterThan(4_096);
  expect(secretsIn(plain)).toBe(0);
  expect(secretsIn(sealed)).toBe(0);
  // The scan finds what is there.
  writeFileSync(join(root, "leak"), Buffer.concat([readFileSync(plain), readFileSync(join(data, "node.key"))]));
  expect(secretsIn(join(root, "leak"))).toBe(1);
  rmSync(join(root, "leak"));
  expect(statSync(plain).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(data, "snapshots"))).toEqual([]);
});

test("the first two lines say what it is and what it holds", () => {
  const [magic, manifest = ""] = readFileSync(plain, "latin1").split("\n");
  expect(magic).toBe("skein-backup 1");
  expect(JSON.parse(manifest)).toMatchObject({ ops: 21, node: { name: "alice" }, parts: [{ name: "log.sqlite" }] });
});

test("with its key it is the same node, in a new incarnation, with a new token", async () => {
  const before = await ask(data, "digest");
  for (const options of [{ file: sealed, passphraseFile }, { keyFrom: join(data, "node.key") }]) {
    const result = await restored(options);
    expect(result).toMatchObject({ node: "alice", ops: 21, key: "keyFrom" in options ? "file" : "backup" });
    expect(await ask(result.data, "digest")).toEqual(before);
    expect(await ask(result.data, "verify")).toMatchObject({ ok: true });
    const [own, original] = [
      openDataDirectory(result.data, { create: false }),
      openDataDirectory(data, { create: false }),
    ];
    expect(own.keys.current().publicKey).toEqual(original.keys.current().publicKey);
    expect(own.incarnation).not.toEqual(original.incarnation);
    expect(Buffer.from(own.incarnation).toString("hex")).toBe(result.incarnation);
    expect(own.token).not.toBe(original.token);
    // Beats of this life are newer than those of the one before, however often that was started since the backup.
    expect(own.boots).toBeGreaterThan(original.boots + 1_000_000);
    own.close();
    original.close();
  }
});

test("after a rotation a backup holds the new key, and none is made of a key that is not in force", async () => {
  const directory = place();
  await init({ data: directory, project: undefined, name: "anna", mesh: "home" });
  const [old, next] = ["node.key", "node.key.next"].map((name) => join(directory, name)) as [string, string];
  const before = readFileSync(old);
  const make = (file: string, withKey: boolean) =>
    backup({ data: directory, file, force: true, withKey, passphraseFile: withKey ? passphraseFile : undefined });
  writeFileSync(next, before);
  await expect(make(join(root, "half.backup"), true)).rejects.toThrow("Finish it with `skein rotate`");
  rmSync(next);
  const client = await connect(directory);
  expect((await client.command("member.rotate", {})).ok).toBe(true);
  await client.close();
  const file = join(root, "rotated.backup");
  await make(file, true);
  const { data: again } = await restored({ file, passphraseFile });
  expect(readFileSync(join(again, "node.key"))).toEqual(readFileSync(old));
  expect(readFileSync(old)).not.toEqual(before);
  const client2 = await connect(again);
  expect((await client2.command("item.add", { title: "It may write" })).ok).toBe(true);
  await client2.close();
  // The log goes with the member's present key, whichever key lies beside it.
  const kept = join(root, "kept.key");
  writeFileSync(kept, readFileSync(old));
  writeFileSync(old, before);
  await expect(make(file, true)).rejects.toThrow("was replaced by another one");
  await make(file, false);
  expect((await restored({ file, keyFrom: kept })).key).toBe("file");
});

test("two restores of one backup are two incarnations", async () => {
  const options = { file: sealed, passphraseFile };
  const [one, two] = [await restored(options), await restored(options)];
  expect(one.incarnation).not.toBe(two.incarnation);
});

test("without its key it is somebody else with the same log, who may read and not write", async () => {
  const result = await restored();
  expect(result).toMatchObject({ key: "new", ops: 21 });
  expect(await ask(result.data, "digest")).toEqual(await ask(data, "digest"));
  const client = await connect(result.data);
  const added = await client.command("item.add", { title: "Not a member" });
  await client.close();
  expect(added).toMatchObject({ ok: false, error: { code: "not-allowed" } });
});

test("a backup is never replaced unbidden, and its failures leave nothing", async () => {
  const again = (options: { readonly file: string; readonly force?: boolean }): Promise<unknown> =>
    backup({ data, withKey: false, passphraseFile: undefined, force: false, ...options });
  await expect(again({ file: plain })).rejects.toThrow(`${plain} is there already`);
  await expect(again({ file: join(root, "nowhere", "file") })).rejects.toThrow("There is no directory");
  await expect(again({ file: root, force: true })).rejects.toThrow("is not a file");
  const copy = join(root, "copy.backup");
  writeFileSync(copy, "old");
  await again({ file: copy, force: true });
  expect((await restored({ file: copy })).ops).toBe(21);
  rmSync(copy);
  expect(readdirSync(root).filter((name) => name.includes("partial"))).toEqual([]);
  expect(readdirSync(join(data, "snapshots"))).toEqual([]);
});

test("a directory that holds something is refused, an empty one is not", async () => {
  expect(await refusal({ data })).toContain(`${data} is not empty`);
  const empty = place();
  mkdirSync(empty);
  expect((await restored({ data: empty })).ops).toBe(21);
});

test("a wrong passphrase, a short one, none, and another node's key restore nothing", async () => {
  const other = join(root, "other");
  writeFileSync(other, "correct horse batterY\n");
  expect(await refusal({ file: sealed, passphraseFile: other })).toContain("The passphrase does not open the key");
  writeFileSync(other, "short\n");
  expect(await refusal({ file: sealed, passphraseFile: other })).toContain("shorter than 8 characters");
  expect(await refusal({ file: sealed, passphraseFile: join(root, "none") })).toContain("cannot be read");
  writeFileSync(other, `${"ab".repeat(32)}\n`);
  expect(await refusal({ keyFrom: other })).toContain("is not the one of alice");
  writeFileSync(other, "not a key\n");
  expect(await refusal({ keyFrom: other })).toContain("is not a key file");
  rmSync(other);
});

// ── damaged and foreign files ───────────────────────────────────────────────────────────────────────────────────────

async function refusalOf(bytes: Uint8Array): Promise<string> {
  const file = join(root, "bad.backup");
  writeFileSync(file, bytes);
  return refusal({ file, passphraseFile });
}

test("a file that was cut off anywhere, or grew, is refused", async () => {
  const whole = readFileSync(sealed);
  const lengths = [0, 1, 14, 15, 40, 500, 1_000, 5_000, whole.length - 33, whole.length - 32, whole.length - 1];
  for (const length of lengths) {
    const told = await refusalOf(whole.subarray(0, length));
    expect([length, told]).toEqual([length, expect.stringMatching(/is damaged|is not a backup of Skein/)]);
  }
  expect(await refusalOf(Buffer.concat([whole, Buffer.from("x")]))).toContain("is longer than it says");
});

test("a file with one bit changed anywhere is refused", async () => {
  const whole = readFileSync(sealed);
  const places = Array.from({ length: 60 }, (_, index) => Math.floor((index * (whole.length - 1)) / 59));
  for (const at of [...places, 5, 13, 16, 200, 900]) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    const told = await refusalOf(flipped);
    expect([at, told]).toEqual([at, expect.stringMatching(/is damaged|is not a backup of Skein|by a newer Skein/)]);
  }
});

/** What somebody makes who knows the format: every hash of the container is right. */
function forged(change: (manifest: Record<string, unknown>, log: Buffer) => Buffer): Buffer {
  const whole = readFileSync(plain);
  const first = whole.indexOf("\n") + 1;
  const second = whole.indexOf("\n", first) + 1;
  const manifest = JSON.parse(whole.subarray(first, second).toString()) as Record<string, unknown>;
  const log = change(manifest, Buffer.from(whole.subarray(second, -32)));
  const sha256 = createHash("sha256").update(log).digest("hex");
  const parts = [{ name: "log.sqlite", bytes: log.length, sha256 }];
  const body = Buffer.concat([Buffer.from(`skein-backup 1\n${JSON.stringify({ parts, ...manifest })}\n`), log]);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

const keep = (manifest: Record<string, unknown>, changes: Record<string, unknown>): void => {
  delete manifest["parts"];
  Object.assign(manifest, changes);
};

test("a foreign file, a newer version and a manifest that asks for more than it may are refused", async () => {
  expect(await refusalOf(Buffer.from("PK\u0003\u0004 something else"))).toContain("is not a backup of Skein");
  expect(await refusalOf(readFileSync(join(data, "log.sqlite")))).toContain("is not a backup of Skein");
  expect(await refusalOf(Buffer.from("skein-backup 2\n{}\n"))).toContain("was made by a newer Skein");
  const elsewhere = forged((manifest, log) => {
    keep(manifest, { parts: [{ name: "../../evil", bytes: log.length, sha256: "0".repeat(64) }] });
    return log;
  });
  expect(await refusalOf(elsewhere)).toContain('its manifest is wrong at "parts');
  expect(existsSync(join(root, "..", "evil"))).toBe(false);
});

test("a log that is no log, of another mesh, shorter than it says, or with a forged frame is refused", async () => {
  const told = (change: (manifest: Record<string, unknown>, log: Buffer) => Buffer): Promise<string> =>
    refusalOf(forged(change));
  const same = (changes: Record<string, unknown>) => (manifest: Record<string, unknown>, log: Buffer) => {
    keep(manifest, changes);
    return log;
  };
  expect((await refusalOf(forged(same({ mesh: "ab".repeat(32) })))).includes("of another mesh")).toBe(true);
  expect(await told(same({ ops: 22 }))).toContain("other heads");
  expect(await told(same({ digest: "ab".repeat(32) }))).toContain("means something else");
  expect(await told((manifest) => (keep(manifest, {}), Buffer.from("not a database")))).toContain("is not a log");
  const changed = await told((manifest, log) => {
    keep(manifest, {});
    // A title, in the bytes of an op: SQLite does not see it, the hash of the op does. Moved cells leave copies behind.
    return Buffer.from(log.toString("latin1").replaceAll("Item 7", "Itex 7"), "latin1");
  });
  expect(changed).toContain("is damaged");
});

test("the forged file is accepted when nothing in it is changed", async () => {
  const file = join(root, "bad.backup");
  writeFileSync(
    file,
    forged((manifest, log) => {
      keep(manifest, {});
      return log;
    }),
  );
  expect((await restored({ file })).ops).toBe(21);
});

test("a log that carries anything beside its own tables is refused, though every hash is right", async () => {
  for (const sql of [
    "CREATE TRIGGER eat AFTER INSERT ON frame BEGIN DELETE FROM frame WHERE position = NEW.position; END",
    "CREATE VIEW note AS SELECT 1",
    "CREATE INDEX byCount ON frame (count)",
    "CREATE TABLE note (text)",
    "ALTER TABLE meta ADD COLUMN more TEXT",
  ]) {
    const told = await refusalOf(
      forged((manifest, log) => {
        keep(manifest, {});
        return changed(log, sql);
      }),
    );
    expect(told).toMatch(
      /^The log in the backup .* is damaged \(its \w+ \w+ was not made by this program\)\. Nothing was/,
    );
  }
});

function changed(log: Buffer, sql: string): Buffer {
  const file = join(root, "changed.sqlite");
  writeFileSync(file, log);
  const database = new Database(file);
  database.pragma("journal_mode = DELETE");
  database.exec(sql);
  database.close();
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}

/** The sealed backup with another manifest and hashes that are right again. */
function resealed(change: (manifest: string) => string): Buffer {
  const whole = readFileSync(sealed);
  const first = whole.indexOf("\n") + 1;
  const second = whole.indexOf("\n", first);
  const manifest = Buffer.from(change(whole.subarray(first, second).toString()));
  const body = Buffer.concat([whole.subarray(0, first), manifest, whole.subarray(second, -32)]);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

test("a key that is sealed in a backup opens in that backup alone, and one of an earlier version is told so", async () => {
  const file = join(root, "bad.backup");
  writeFileSync(
    file,
    resealed((manifest) => manifest),
  );
  expect((await restored({ file, passphraseFile })).key).toBe("backup");
  const renamed = resealed((manifest) => manifest.replace('"name":"alice"', '"name":"mallory"'));
  expect(await refusalOf(renamed)).toContain("or the backup was changed after it was made");
  const earlier = resealed((manifest) => manifest.replace(',"binds":"contents"', ""));
  expect(await refusalOf(earlier)).toContain("was sealed by an earlier Skein");
});
