/**
 * The built board page, read once at the start into a fixed map from URL path to bytes. A request is a lookup in that
 * map and never touches the disk, so no path a client can write leads anywhere else.
 */
import { err, ok, type Result } from "@skein/core";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { HTTP_LIMITS } from "./limits.ts";
import type { Reply } from "./reply.ts";

export interface PageFile {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** The same in gzip, for whoever takes it; undefined for what is packed already. */
  readonly packed: Uint8Array | undefined;
  /** Its name holds a hash of its content, so a browser may keep it. */
  readonly immutable: boolean;
}

export type PageFiles = ReadonlyMap<string, PageFile>;

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".ico", "image/x-icon"],
  [".woff2", "font/woff2"],
  [".webmanifest", "application/manifest+json"],
  [".txt", "text/plain; charset=utf-8"],
]);

/** Text is a third as long packed. What is packed is the same for everybody, so its length tells nobody anything. */
const PACKABLE = /^(?:text\/|image\/svg)/;
const pack = promisify(gzip);

export async function readPageFiles(directory: string): Promise<Result<PageFiles, string>> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const names = entries
      // Symbolic links are neither files nor followed: what is served is what the build wrote here.
      .filter((entry) => entry.isFile() && CONTENT_TYPES.has(extname(entry.name)))
      .map((entry) => join(entry.parentPath, entry.name));
    if (names.length > HTTP_LIMITS.pageFiles) return err(`The board page in ${directory} has too many files.`);
    return await readNamed(directory, names);
  } catch (cause) {
    return err(
      `The board page in ${directory} cannot be read (${reasonOf(cause)}). Build it, or start with --headless.`,
    );
  }
}

async function readNamed(directory: string, names: readonly string[]): Promise<Result<PageFiles, string>> {
  const files = new Map<string, PageFile>();
  let size = 0;
  for (const name of names) {
    const bytes = await readFile(name);
    size += bytes.byteLength;
    if (size > HTTP_LIMITS.pageBytes) return err(`The board page in ${directory} is too large to be kept in memory.`);
    const path = `/${relative(directory, name).split(sep).join("/")}`;
    const contentType = CONTENT_TYPES.get(extname(name)) ?? "application/octet-stream";
    const packed = PACKABLE.test(contentType) ? await pack(bytes) : undefined;
    files.set(path, { contentType, bytes, packed, immutable: path.startsWith("/assets/") });
  }
  const index = files.get("/index.html");
  if (index === undefined)
    return err(`The board page in ${directory} has no index.html. Build it, or start with --headless.`);
  files.set("/", index);
  return ok(files);
}

/** Without a weight, or with one that is not nought. */
const TAKES_GZIP = /(?:^|,)\s*gzip\s*(?:;\s*q=(?:1|0?\.\d*[1-9])\d*\s*)?(?:,|$)/i;

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const HEAD_END = "</head>";

/**
 * A document cannot read its own policy. So it says, in the same bytes that a browser keeps with that policy, which other nodes'
 * pages it may reach; once there is another one, it goes over to a new document. Undefined where there is nothing to say.
 */
function withPages(
  { bytes, contentType }: PageFile,
  others: readonly { readonly origin: string }[],
): string | undefined {
  if (others.length === 0 || !contentType.startsWith("text/html")) return undefined;
  const origins = others.map(({ origin }) => escaped(origin)).join(" ");
  return new TextDecoder()
    .decode(bytes)
    .replace(HEAD_END, () => `<meta name="skein-pages" content="${origins}" />${HEAD_END}`);
}

/** No origin holds any of these; what comes from others is text all the same. */
const escaped = (text: string): string => text.replace(/[&"<>]/g, (char) => `&#${char.charCodeAt(0)};`);

/**
 * Nothing but this server's own files and its own socket, and the sockets of the other nodes' pages for the day when this
 * node is gone (`others`: origins, checked when they were heard); nothing inline; no markup made from text. `host` is the `Host`
 * header after it was found in the allow-list: some browsers do not count `ws:` as the page's own origin.
 */
export function pageReply(
  file: PageFile,
  { host = "", "accept-encoding": accepted = "" }: IncomingHttpHeaders,
  others: readonly { readonly origin: string }[],
): Reply {
  const own = host.toLowerCase();
  const told = withPages(file, others);
  const isPacked = told === undefined && file.packed !== undefined && TAKES_GZIP.test(accepted);
  const elsewhere = others.flatMap(({ origin }) => [origin, origin.replace(/^http/, "ws")]);
  return {
    status: 200,
    contentType: file.contentType,
    body: (isPacked ? file.packed : undefined) ?? told ?? file.bytes,
    headers: {
      ...(file.packed === undefined ? {} : { Vary: "Accept-Encoding" }),
      ...(isPacked ? { "Content-Encoding": "gzip" } : {}),
      "Cache-Control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
      "Content-Security-Policy": [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        ["connect-src 'self'", `ws://${own}`, `wss://${own}`, ...elsewhere].join(" "),
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        // One policy, which makes the address of the page's own worker and of nothing else.
        "trusted-types skein-worker",
      ].join("; "),
      "Cross-Origin-Opener-Policy": "same-origin",
    },
  };
}
