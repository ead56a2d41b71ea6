import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { dialProblem } from "./dial-problem.ts";
import type { PeerNetOptions } from "./index.ts";
import { createNet, createStation, dialFrom } from "./testing/peers.ts";

async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port, not on a path
  return (server.address() as AddressInfo).port;
}

async function problem(url: string, options?: PeerNetOptions): Promise<string> {
  const dialed = await createNet(options).dial(url, () => {
    throw new Error("there is no link to handle");
  });
  if (dialed.ok) throw new Error("the link was opened");
  return dialed.error;
}

test("a refused connection says so and names the address", async () => {
  const server = createTcp();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await problem(`ws://127.0.0.1:${port}`)).toBe(
    `Nothing listens at ws://127.0.0.1:${port}: the connection was refused. Check that the node runs and that the port is right.`,
  );
});

test("a name that stands for an address out of bounds is not connected to, whatever it is called", async () => {
  let connections = 0;
  const port = await portOf(createTcp(() => connections++));
  const asked: string[] = [];
  const dialed = await createNet().dial(
    `ws://localhost:${port}`,
    () => {
      throw new Error("there is no link to handle");
    },
    (ip) => {
      asked.push(ip);
      return false;
    },
  );
  expect(dialed).toEqual({
    ok: false,
    error: `ws://localhost:${port} was not dialed: its name stands for an address that a peer may not send this node to.`,
  });
  expect(asked).toContain("127.0.0.1");
  expect(connections).toBe(0);
});

test("a name that stands for an allowed address among others is connected to there", async () => {
  const station = await createStation();
  const url = station.url.replace("127.0.0.1", "localhost");
  const dialed = await createNet().dial(
    url,
    () => ({ onMessage: () => undefined, onClose: () => undefined }),
    (ip) => ip === "127.0.0.1",
  );
  expect(dialed.ok).toBe(true);
});

test("a name that does not exist says so", async () => {
  expect(await problem("ws://node.invalid:7000")).toMatch(/^The host of ws:\/\/node\.invalid:7000 was not found/);
});

test.each([
  ["a server that says nothing", () => createTcp()],
  [
    "a server whose answer drips",
    () =>
      createTcp((socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\n");
        const drip = setInterval(() => socket.write("x"), 30);
        socket.once("close", () => clearInterval(drip));
        socket.on("error", () => undefined);
      }),
  ],
])("%s is given up when the time is over", async (_, createServer) => {
  const port = await portOf(createServer());
  const startMs = performance.now();
  expect(await problem(`ws://127.0.0.1:${port}`, { handshakeTimeoutMs: 300 })).toContain("did not answer within 0.3 s");
  expect(performance.now() - startMs).toBeLessThan(2_000);
});

test("a server that hangs up, or speaks something else, is not a node", async () => {
  const hangsUp = await portOf(createTcp((socket) => socket.end()));
  expect(await problem(`ws://127.0.0.1:${hangsUp}`)).toContain("hung up before the link was open");
  const speaksSsh = await portOf(createTcp((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n")));
  expect(await problem(`ws://127.0.0.1:${speaksSsh}`)).toMatch(/^No link to ws:.* could be opened \(HPE_INVALID/);
});

test.each([
  [404, "Something else than a node answers at"],
  [302, "Something else than a node answers at"],
  [503, "takes no more connections now"],
])("HTTP %i is said in words", async (status, words) => {
  const server = createHttp((_request, response) => {
    response.writeHead(status, { Location: "ws://127.0.0.1:1/" });
    response.end("x".repeat(100_000));
  });
  const message = await problem(`ws://127.0.0.1:${await portOf(server)}`);
  expect(message).toContain(words);
  expect(message).toContain(`HTTP ${status}`);
});

test("a handshake that is answered wrongly is an error", async () => {
  const server = createHttp();
  server.on("upgrade", (_request, socket) => {
    socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    );
  });
  expect(await problem(`ws://127.0.0.1:${await portOf(server)}`)).toContain("Invalid Sec-WebSocket-Accept header");
});

test.each([
  "http://127.0.0.1:7000",
  "127.0.0.1:7000",
  "ws://",
  "",
  "ws://user:secret@127.0.0.1:7000",
  "ws://127.0.0.1:7000/?token=1",
  "ws://127.0.0.1:7000/#x",
  "ws+unix:///run/socket",
  "ws://127.0.0.1:70000",
])("%o is not the address of a node", async (url) => {
  expect(await problem(url)).toContain("is not the address of a node. Give it as ws://host:port");
});

test("the path of peers is added once, behind the one of a proxy too", async () => {
  const paths: (string | undefined)[] = [];
  const server = createHttp();
  new WebSocketServer({ server }).on("connection", (_socket, request) => paths.push(request.url));
  const port = await portOf(server);
  for (const path of ["", "/", "/sync", "/mesh", "/mesh/", "/mesh/sync"]) {
    await dialFrom(createNet(), `ws://127.0.0.1:${port}${path}`);
  }
  expect(paths).toEqual(["/sync", "/sync", "/sync", "/mesh/sync", "/mesh/sync", "/mesh/sync"]);
});

test("no Origin is sent and no compression is offered", async () => {
  const server = createHttp();
  const headers = new Promise<NodeJS.Dict<string | string[]>>((resolve) => {
    new WebSocketServer({ server }).on("connection", (_socket, request) => resolve(request.headers));
  });
  await dialFrom(createNet(), `ws://127.0.0.1:${await portOf(server)}`);
  expect(Object.keys(await headers)).not.toContain("origin");
  expect(Object.keys(await headers)).not.toContain("sec-websocket-extensions");
});

test("a net that closes gives up the dials under way", async () => {
  const net = createNet();
  const dialing = net.dial(`ws://127.0.0.1:${await portOf(createTcp())}`, () => {
    throw new Error("there is no link to handle");
  });
  await net.close();
  expect(await dialing).toMatchObject({ ok: false, error: expect.stringContaining("this node is stopping") });
});

function selfSigned(): { readonly key: Buffer; readonly cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), "skein-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", [...request, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

test("wss works with a certificate that is accepted and says what is wrong with any other", async () => {
  const { key, cert } = selfSigned();
  const server = createHttps({ key, cert });
  new WebSocketServer({ server }).on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  const port = await portOf(server);
  expect(await problem(`wss://localhost:${port}`)).toMatch(
    /^The certificate at wss:.* is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  );

  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  onTestFinished(() => void vi.unstubAllEnvs());
  const end = await dialFrom(createNet(), `wss://localhost:${port}`);
  end.link.send(Uint8Array.of(1, 2));
  await expect.poll(() => end.messages).toEqual([Uint8Array.of(1, 2)]);
  end.link.close("done");
  await expect.poll(() => end.closes).toEqual(["done"]);
});

test("wss to a node without TLS says that there is none", async () => {
  const { url } = await createStation();
  expect(await problem(url.replace("ws:", "wss:"))).toMatch(/^There is no TLS at wss:/);
});

test.each([
  "ENETUNREACH",
  "ETIMEDOUT",
  "ECONNRESET",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "EWHATEVER",
])("%s names the address and the code or the cause in one paragraph", (code) => {
  const message = dialProblem("ws://node:1", Object.assign(new Error("cause"), { code }));
  expect(message).toContain("ws://node:1");
  expect(message).toMatch(/\.$/);
  expect(message).not.toContain("\n");
});
