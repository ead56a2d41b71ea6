/** The way out over real sockets: what is passed, what is refused, and what a hostile client or server cannot do. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test } from "vitest";

import { openProxy, type ProxyLimits, readRequest } from "./proxy.ts";

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Stand {
  readonly port: number;
  readonly refused: string[];
  readonly received: string[];
  /** Sends this to the proxy and gives everything that came back. */
  readonly ask: (text: string | Buffer) => Promise<string>;
  readonly dial: () => Socket;
}

async function setup(limits: Partial<ProxyLimits> = {}, onConnection?: (socket: Socket) => void): Promise<Stand> {
  const received: string[] = [];
  const server: Server = createServer((socket) => {
    socket.on("data", (chunk) => received.push(chunk.toString("latin1")));
    socket.on("error", () => undefined);
    onConnection?.(socket);
    if (onConnection === undefined) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  ends.push(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const directory = mkdtempSync(join(tmpdir(), "skein-proxy-"));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const socket = join(directory, "way-out.sock");
  const refused: string[] = [];
  const names: Readonly<Record<string, readonly string[]>> = {
    "inner.example.org": ["127.0.0.1"],
    "rebound.example.org": ["1.1.1.1", "127.0.0.1"],
    "metadata.example.org": ["169.254.169.254"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
  };
  const proxy = await openProxy({
    socket,
    egress: {
      asked: ["*.example.org", `inner.example.org:${port}`],
      given: ["*.example.org", `inner.example.org:${port}`],
    },
    onRefused: (message) => refused.push(message),
    resolve: (host) => Promise.resolve(names[host] ?? []),
    limits,
  });
  if (!proxy.ok) throw new Error(proxy.error);
  ends.push(() => proxy.value.close());
  const dial = (): Socket => {
    const client = connect(socket);
    client.on("error", () => undefined);
    ends.push(() => void client.destroy());
    return client;
  };
  const ask = (text: string | Buffer): Promise<string> =>
    new Promise((resolve) => {
      const client = dial();
      let said = "";
      client.on("data", (chunk) => {
        said += chunk.toString("latin1");
      });
      client.on("close", () => resolve(said));
      client.write(text);
    });
  return { port, refused, received, ask, dial };
}

test("a tunnel to what is named passes bytes, also those that came with the head", async () => {
  const { ask, port, received, refused } = await setup();
  const said = await ask(`CONNECT Inner.Example.org:${port} HTTP/1.1\r\nHost: whatever\r\n\r\nfirst bytes`);
  expect(said).toMatch(/^HTTP\/1\.1 200 Connection established\r\n\r\nHTTP\/1\.1 200 OK/);
  expect(received.join("")).toBe("first bytes");
  expect(refused).toEqual([]);
});

test("a plain request is passed on with the host that was judged, and closes", async () => {
  const { ask, port, received } = await setup();
  const head = `GET http://inner.example.org:${port}/a?b HTTP/1.1\r\nHost: evil.test\r\nProxy-Authorization: secret\r\nAccept: */*\r\n`;
  expect(await ask(`${head}Connection: keep-alive\r\n\r\n`)).toContain("hello");
  expect(received.join("")).toBe(
    `GET /a?b HTTP/1.1\r\nHost: inner.example.org:${port}\r\nConnection: close\r\nAccept: */*\r\n\r\n`,
  );
});

test.each([
  ["another host", "CONNECT evil.test:443 HTTP/1.1", "evil.test:443, because skein.yaml does not name it"],
  ["another port", "CONNECT inner.example.org:22 HTTP/1.1", "skein.yaml does not name it with port 22"],
  ["a name for this machine", "CONNECT rebound.example.org:443 HTTP/1.1", "an address that is not public"],
  ["a name for the metadata", "CONNECT metadata.example.org:443 HTTP/1.1", "an address that is not public"],
  ["a name for an address in IPv6", "CONNECT mapped.example.org:443 HTTP/1.1", "an address that is not public"],
  ["an unknown name", "CONNECT nobody.example.org:443 HTTP/1.1", "its name is not known"],
  ["an address", "CONNECT 127.0.0.1:443 HTTP/1.1", "it is an address"],
  ["an address in disguise", "CONNECT 2130706433:443 HTTP/1.1", "not a plain name"],
  ["a NUL byte", "CONNECT evil.test\0.example.org:443 HTTP/1.1", "not a plain name"],
  ["a dot at the end", "CONNECT inner.example.org.:443 HTTP/1.1", "not a plain name"],
  ["a user in the URL", "GET http://inner.example.org@evil.test/ HTTP/1.1", "a user or password"],
  ["another scheme", "GET https://inner.example.org/ HTTP/1.1", "not a plain http URL"],
  ["another protocol", "SSH-2.0-evil", "no HTTP request"],
])("%s is refused, told, and never dialed", async (_what, first, why) => {
  const { ask, refused, received } = await setup();
  const said = await ask(`${first}\r\n\r\n`);
  expect(said).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toContain(why);
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(refused[0]).not.toMatch(/[\u0000-\u001f]/);
  expect(received).toEqual([]);
});

test.each([
  "GET http://inner.example.org/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
  "GET http://inner.example.org/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
  "GET http://inner.example.org/ HTTP/1.1\r\nX: a\nHost: evil.test",
  "GET http://inner.example.org/ HTTP/1.1\r\n folded",
  "GET http://inner.example.org/ HTTP/1.1\r\nBad Header: x",
  "GET  http://inner.example.org/ HTTP/1.1",
  "get http://inner.example.org/ HTTP/1.1",
  "GET http://inner.example.org/ HTTP/2",
])("%j is no request", (text) => {
  expect(readRequest(text).ok).toBe(false);
});

test("the same refusal is told once, and of very many only so many", async () => {
  const { ask, refused } = await setup({ told: 3 });
  for (let n = 0; n < 2; n += 1) await ask("CONNECT evil.test:443 HTTP/1.1\r\n\r\n");
  expect(refused).toHaveLength(1);
  for (let n = 0; n < 8; n += 1) await ask(`CONNECT evil${n}.test:443 HTTP/1.1\r\n\r\n`);
  expect(refused).toHaveLength(4);
  expect(refused.at(-1)).toContain("the rest is not told");
});

test("a head without an end is cut by size and by time", async () => {
  const { ask, dial, refused } = await setup({ headMs: 200 });
  expect(await ask(Buffer.alloc(40_000, "a"))).toBe("");
  const slow = dial();
  slow.write("CONNECT ");
  await new Promise<void>((resolve) => {
    slow.resume();
    slow.on("close", () => resolve());
  });
  expect(refused).toEqual([]);
});

test("more connections than allowed are closed at once", async () => {
  const { dial } = await setup({ connections: 2 });
  const [first, second] = [dial(), dial()];
  const closed = await new Promise<string>((resolve) => {
    first.on("close", () => resolve("first"));
    second.on("close", () => resolve("second"));
    const third = dial();
    third.resume();
    third.on("close", () => resolve("third"));
  });
  expect(closed).toBe("third");
});

test("bytes are limited, both ways and of all connections together", async () => {
  const { ask, port, refused } = await setup({ bytes: 100_000 }, (socket) => {
    const more = (): void => void (socket.destroyed || socket.write(Buffer.alloc(20_000, "x"), more));
    more();
  });
  const said = await ask(`CONNECT inner.example.org:${port} HTTP/1.1\r\n\r\n`);
  expect(said.length).toBeLessThan(300_000);
  expect(refused).toEqual([expect.stringContaining("passed its 100000 bytes")]);
});

test("closing it ends what is open", async () => {
  const { dial, port } = await setup({}, () => undefined);
  const client = dial();
  client.write(`CONNECT inner.example.org:${port} HTTP/1.1\r\n\r\n`);
  await new Promise((resolve) => {
    client.once("data", resolve);
  });
  const closed = new Promise<string>((resolve) => {
    client.on("close", () => resolve("closed"));
  });
  for (const end of ends.splice(2, 1)) await end();
  expect(await closed).toBe("closed");
});
