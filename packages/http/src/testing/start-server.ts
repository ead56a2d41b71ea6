/** A server on a free port with a fake node behind it, closed when the test ends. */
import { assert, ok } from "@skein/core";
import { createHttpServer, type HttpServerOptions } from "../server.ts";
import { createFakeNode, type FakeNode } from "./fake-node.ts";

export const TEST_TOKEN = "test-token-0123456789abcdef";

/** Says that it has made one. */
export const snapshot: HttpServerOptions["snapshot"] = () => Promise.resolve(ok("0123456789abcdef"));

export interface TestServer {
  readonly url: string;
  readonly node: FakeNode;
  readonly close: () => Promise<void>;
}

export async function startTestServer(options: Partial<HttpServerOptions> = {}): Promise<TestServer> {
  const node = createFakeNode();
  const server = await createHttpServer({
    api: node.api,
    host: "127.0.0.1",
    port: 0,
    token: TEST_TOKEN,
    clientId: 77,
    snapshot,
    ...options,
  });
  assert(server.ok, server.ok ? "" : server.error);
  return { url: server.value.url, node, close: () => server.value.close() };
}
