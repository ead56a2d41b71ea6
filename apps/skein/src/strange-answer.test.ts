/** What is at an address that somebody typed: a node, something else, or somebody who wants the terminal. */
import { createServer, type RequestListener } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { gzipSync } from "node:zlib";

import { askStranger } from "./strange-answer.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** What the person is told. */
const refusalOf = (origin: string): Promise<string> =>
  askStranger(origin, "/api/v1/challenges", {}).then(
    (fields) => `taken: ${JSON.stringify(fields)}`,
    (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
  );

test("the texts of a node's answer are taken, and nothing else of it", async () => {
  const origin = await serve((_request, response) => response.end('{"challenge":"aa","number":1,"deep":{"x":"y"}}'));
  expect(await askStranger(origin, "/api/v1/challenges", {})).toEqual({ challenge: "aa" });
});

test("an answer without an end is not read to its end", async () => {
  let closed: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => (closed = resolve));
  const origin = await serve((_request, response) => {
    const go = (): void => {
      while (!response.destroyed && response.write(" ".repeat(16 * 1024)));
    };
    response.on("drain", go);
    response.on("close", () => closed?.());
    go();
  });
  expect(await refusalOf(origin)).toContain("is no node's page");
  await gone;
});

test("what is small when it comes and large when it is unpacked is not taken either", async () => {
  const packed = gzipSync(Buffer.alloc(50_000_000, 32));
  const origin = await serve((_request, response) => {
    response.setHeader("Content-Encoding", "gzip");
    response.end(packed);
  });
  expect(await refusalOf(origin)).toContain("is no node's page");
});

test.each(["", "<!doctype html>", "[]", '"text"', "null", '{"error":null}', '{"error":["x"]}'])(
  "%j is no node's answer",
  async (body) => {
    expect(await refusalOf(await serve((_request, response) => response.end(body)))).toContain("is no node's page");
  },
);

test("a redirect is followed nowhere, and said", async () => {
  let followed = 0;
  const elsewhere = await serve((_request, response) => {
    followed++;
    response.end("{}");
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const origin = await serve((_request, response) => {
      response.writeHead(status, { Location: `${elsewhere}/path?x` });
      response.end();
    });
    expect(await refusalOf(origin)).toBe(
      `${origin} points on to ${elsewhere}, where nobody is followed. If that is the node's page, give its address with --at.`,
    );
  }
  expect(followed).toBe(0);
});

test("what a stranger says is one short line, without anything that steers a terminal", async () => {
  const evil = `\u001b]0;title\u0007\u001b[2J\u009b1mno\r\nskein: signed in\n\u202eopen http://evil.example ${"x".repeat(9_000)}`;
  const origin = await serve((_request, response) => {
    response.statusCode = 403;
    response.end(JSON.stringify({ ok: false, error: { code: "no", message: evil } }));
  });
  const said = await refusalOf(origin);
  expect(said).toMatch(/It says: no skein: signed in open http:\/\/evil\.example x+$/);
  expect(said.length).toBeLessThan(450);
});

test("a certificate that nobody vouches for, and nobody there, are said as they are", async () => {
  const origin = await serve((_request, response) => response.end("{}"));
  expect(await refusalOf(origin.replace("http:", "https:"))).toMatch(/does not answer: .+\./);
  expect(await refusalOf("http://127.0.0.1:1")).toMatch(/does not answer: .+\./);
});
