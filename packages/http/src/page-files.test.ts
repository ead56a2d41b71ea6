/** What a browser is given for the page: packed where it takes that, and the same bytes in any case. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

import { type PageFiles, pageReply, readPageFiles } from "./page-files.ts";

const PAGE = `<!doctype html><head><title>Board</title></head>${"<p>again</p>".repeat(100)}`;
let directory: string;
let files: PageFiles;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "skein-page-files-"));
  await writeFile(join(directory, "index.html"), PAGE);
  await writeFile(join(directory, "font.woff2"), "a font");
  const read = await readPageFiles(directory);
  if (!read.ok) throw new Error(read.error);
  files = read.value;
});
afterAll(() => rm(directory, { recursive: true }));

interface Served {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

const replyTo = (path: string, accepted?: string, others: readonly { readonly origin: string }[] = []): Served => {
  const file = files.get(path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  const { body, headers } = pageReply(file, accepted === undefined ? {} : { "accept-encoding": accepted }, others);
  if (typeof body === "function") throw new Error("the file is not served as a whole");
  return { body: Buffer.from(body), headers };
};

test.each(["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8", "deflate,GZIP;q=1"])(
  "a browser that takes “%s” gets the page packed",
  (accepted) => {
    const { body, headers } = replyTo("/", accepted);
    expect(headers).toMatchObject({ "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
    expect(body.length).toBeLessThan(PAGE.length / 3);
    expect(gunzipSync(body).toString()).toBe(PAGE);
  },
);

test.each([undefined, "", "br", "gzip;q=0", "gzip;q=0.0, br", "xgzip", "*;q=0"])(
  "who takes “%s” gets it as it is",
  (accepted) => {
    const { body, headers } = replyTo("/", accepted);
    expect(headers).not.toHaveProperty("Content-Encoding");
    expect(headers).toMatchObject({ Vary: "Accept-Encoding" });
    expect(Buffer.from(body).toString()).toBe(PAGE);
  },
);

test("what is packed already is served as it is", () => {
  const { body, headers } = replyTo("/font.woff2", "gzip");
  expect(headers).not.toHaveProperty("Content-Encoding");
  expect(Buffer.from(body).toString()).toBe("a font");
});

test("the page says which other nodes' pages its policy lets it reach, and what they are called stays text", () => {
  const others = [{ origin: "http://127.0.0.1:4712" }, { origin: 'https://a.example"><script>' }];
  const { body, headers } = replyTo("/", "gzip", others);
  expect(headers?.["Content-Security-Policy"]).toContain("http://127.0.0.1:4712 ws://127.0.0.1:4712 ");
  expect(headers).not.toHaveProperty("Content-Encoding");
  expect(Buffer.from(body).toString()).toContain(
    '<meta name="skein-pages" content="http://127.0.0.1:4712 https://a.example&#34;&#62;&#60;script&#62;" /></head>',
  );
  expect(Buffer.from(replyTo("/font.woff2", "gzip", others).body).toString()).toBe("a font");
});
