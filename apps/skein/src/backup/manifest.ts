/** What a backup says about itself, in its second line. Read from a file that anybody may have written. */
import { createHash } from "node:crypto";

import { compareText, err, ok, type Result } from "@skein/core";
import { z } from "zod";

export const FORMAT_VERSION = 1;

const hex = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const count = z.int().min(0);
const size = { bytes: count, sha256: hex(32) };

/** How the key was sealed. Whoever opens it computes at most this much, whatever the file asks for. */
const sealing = z.strictObject({
  kdf: z.literal("scrypt"),
  n: z.literal([2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20]),
  r: z.literal(8),
  p: z.int().min(1).max(4),
  salt: hex(16),
  cipher: z.literal("chacha20-poly1305"),
  nonce: hex(12),
  /** What the key opens with beside the passphrase. Backups of earlier versions say nothing and bind nothing. */
  binds: z.literal("contents").optional(),
});

const logPart = z.strictObject({ name: z.literal("log.sqlite"), ...size });
const keyPart = z.strictObject({ name: z.literal("node.key"), ...size, sealing });

const schema = z.strictObject({
  madeAt: z.string().max(40),
  /** The version of Skein. */
  by: z.string().max(40),
  mesh: hex(32),
  node: z.strictObject({ name: z.string().max(200), key: hex(32) }),
  ops: count,
  /** Last seq by feed. */
  heads: z.record(z.string().max(200), count),
  /** Of the view, as this version of the fold makes it. */
  foldVersion: count,
  digest: hex(32),
  parts: z.union([z.tuple([logPart]), z.tuple([logPart, keyPart])]),
});

export type Manifest = z.infer<typeof schema>;
export type Sealing = z.infer<typeof sealing>;
export type Part = Manifest["parts"][number];

/** Of all that a backup says and holds, but for its key: what the key is sealed with. */
export function contentsHash(
  manifest: Omit<Manifest, "parts">,
  log: { readonly bytes: number; readonly sha256: string },
): string {
  const { madeAt, by, mesh, node, ops, heads, foldVersion, digest } = manifest;
  const sorted = Object.entries(heads).toSorted(([a], [b]) => compareText(a, b));
  const all = [madeAt, by, mesh, node.name, node.key, ops, sorted, foldVersion, digest, log.bytes, log.sha256];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

export function parseManifest(line: string): Result<Manifest, string> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return err("its manifest is not JSON");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return err(`its manifest is wrong at "${issue?.path.join(".") ?? ""}"`);
}
