/** What every sandbox has to hold of the network: nothing, or the one way out and no other. */
import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { exited, type Stand } from "../support/sandbox-stand.ts";

export function describeNetwork(stand: () => Stand): void {
  let server: Server;
  let abstract: Server;
  const heard: string[] = [];
  beforeAll(async () => {
    server = createServer((socket) => {
      heard.push("tcp");
      socket.end("hello");
    });
    abstract = createServer((socket) => {
      heard.push("abstract");
      socket.end("hello");
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve());
    });
    await new Promise<void>((resolve) => {
      abstract.listen("\0skein-contract", () => resolve());
    });
  });
  afterAll(() => {
    server.close();
    abstract.close();
  });

  test("it reaches neither this machine nor any other", async () => {
    const { node } = stand();
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { output } = await node(`
      import { connect } from "node:net";
      import { createSocket } from "node:dgram";
      import { networkInterfaces } from "node:os";
      import { lookup } from "node:dns/promises";
      const tried = (options) => new Promise((resolve) => {
        const socket = connect(options);
        socket.setTimeout(2000, () => { socket.destroy(); resolve("nothing"); });
        socket.on("connect", () => { socket.destroy(); resolve("reached"); });
        socket.on("error", (error) => resolve(error.code));
      });
      const udp = await new Promise((resolve) => {
        const socket = createSocket("udp4");
        socket.on("error", (error) => resolve(error.code));
        socket.send("x", 53, "8.8.8.8", (error) => resolve(error?.code ?? "sent"));
      });
      console.log(JSON.stringify({
        loopback: await tried({ host: "127.0.0.1", port: ${String(port)} }),
        metadata: await tried({ host: "169.254.169.254", port: 80 }),
        outside: await tried({ host: "1.1.1.1", port: 443 }),
        abstract: await tried({ path: "\\0skein-contract" }),
        udp,
        name: await lookup("example.com").then(() => "found", (error) => error.code),
        interfaces: Object.keys(networkInterfaces()).filter((name) => name !== "lo"),
      }));
      process.exit(0);`);
    const said = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(said["interfaces"]).toEqual([]);
    expect(Object.values(said).filter((one) => one === "reached" || one === "sent" || one === "found")).toEqual([]);
    expect(heard).toEqual([]);
  });
}

/** Asks the room's proxy for these targets, and prints each first line that comes back. */
const askProxy = (targets: readonly string[]): string => `
  import { connect } from "node:net";
  const { hostname, port } = new URL(process.env.HTTPS_PROXY);
  for (const target of ${JSON.stringify(targets)}) {
    const said = await new Promise((resolve) => {
      let text = "";
      const socket = connect({ host: hostname, port: Number(port) }, () => socket.write("CONNECT " + target + " HTTP/1.1\\r\\n\\r\\n"));
      socket.on("data", (chunk) => { text += chunk; if (text.includes("hello")) socket.destroy(); });
      socket.on("close", () => resolve(text.split("\\r\\n")[0] + (text.includes("hello") ? " hello" : "")));
      socket.on("error", (error) => resolve(error.code));
    });
    console.log(said);
  }`;

export function describeWayOut(stand: () => Stand): void {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer((socket) => socket.end("hello"));
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve());
    });
    const address = server.address();
    port = typeof address === "object" ? (address?.port ?? 0) : 0;
  });
  afterAll(() => server.close());

  test("what project and owner both name is reached through the proxy, and nothing else", async () => {
    const { own, node } = stand();
    Object.assign(own, { network: { allow: [`localhost:${port}`, "registry.npmjs.org"] } });
    const targets = [
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      "localhost:22",
      "example.com:443",
      "169.254.169.254:443",
    ];
    const room = { network: [`localhost:${port}`, "localhost", "example.com"] };
    const { output, refused, end } = await node(askProxy(targets), { room });
    Object.assign(own, { network: undefined });
    expect(output.trim().split("\n")).toEqual([
      "HTTP/1.1 200 Connection established hello",
      ...targets.slice(1).map(() => "HTTP/1.1 403 Forbidden"),
    ]);
    expect(end).toEqual(exited(0));
    // The two addresses are one sentence, and that is told once.
    expect(refused).toHaveLength(3);
    expect(refused.join("\n")).toContain("localhost:22, because skein.yaml does not name it with port 22");
    expect(refused.join("\n")).toContain("node.yaml does not name it under sandbox.network.allow");
  });

  test("a private address is not reached because the project asks for it", async () => {
    const { node } = stand();
    const { output } = await node(askProxy([`localhost:${port}`, "localhost:443"]), {
      room: { network: [`localhost:${port}`, "localhost"] },
    });
    expect(output.trim().split("\n")).toEqual(["HTTP/1.1 403 Forbidden", "HTTP/1.1 403 Forbidden"]);
  });

  test("the way out changes neither ends nor input, and goes with the room", async () => {
    const { data, sh } = stand();
    const room = { network: ["registry.npmjs.org"] };
    const { end, output } = await sh("cat; echo $HTTPS_PROXY $NO_PROXY; ls /run/skein; exit 7", {
      stdin: "in\n",
      room,
    });
    expect(end).toEqual(exited(7));
    expect(output).toMatch(/^in\nhttp:\/\/127\.0\.0\.1:\d+ localhost,127\.0\.0\.1,::1\nroom-init.mjs\nway-out.sock\n$/);
    expect((await sh("kill -SEGV $$", { room })).end).toEqual(exited(139));
    expect((await sh("ls /run/skein; echo $HTTPS_PROXY")).output).not.toContain("way-out");
    expect(readdirSync(join(data, "rooms"))).toEqual(["etc"]);
    const last = await sh("trap 'echo last word; exit 0' TERM; while :; do sleep 0.05; done", {
      limits: { wallMs: 1_500 },
      room,
    });
    expect(last.output).toContain("last word\n");
  });
}
