/** The listening sockets below the HTTP server: their limits, their errors in words, and their end. */
import { err, ok, type Result } from "@skein/core";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { bracketed } from "./access.ts";
import { HTTP_LIMITS } from "./limits.ts";

/** The certificate chain and its key, in PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Fails with a sentence when the certificate and its key are none. */
export function createBareServer(tls: TlsFiles | undefined): Result<Server, string> {
  const options = {
    maxHeaderSize: HTTP_LIMITS.headerBytes,
    headersTimeout: HTTP_LIMITS.headersTimeoutMs,
    requestTimeout: HTTP_LIMITS.requestTimeoutMs,
    keepAliveTimeout: HTTP_LIMITS.keepAliveTimeoutMs,
    connectionsCheckingInterval: HTTP_LIMITS.keepAliveTimeoutMs,
    insecureHTTPParser: false,
  };
  try {
    return ok(
      bounded(
        tls === undefined ? createServer(options) : createTlsServer({ ...options, ...tls, minVersion: "TLSv1.2" }),
      ),
    );
  } catch (cause) {
    return err(
      `The certificate and the key for HTTPS cannot be used: ${reasonOf(cause)}. Check http.tls in node.yaml.`,
    );
  }
}

function bounded(server: Server): Server {
  server.maxHeadersCount = HTTP_LIMITS.headerCount;
  server.timeout = HTTP_LIMITS.idleTimeoutMs;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Browsers open connections before they have a question: what was said on one would be taken for the answer to the next.
    const isTimeUp = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    if (socket.writable && !isTimeUp)
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

export function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<Result<AddressInfo, string>> {
  return new Promise((resolve) => {
    const fail = (cause: unknown): void => resolve(err(listenProblem(cause, `${bracketed(host)}:${port}`)));
    server.once("error", fail);
    try {
      server.listen({ host, port }, () => {
        server.off("error", fail);
        const address = server.address();
        if (typeof address === "object" && address !== null) resolve(ok(address));
        else fail(new Error("it has no address"));
      });
    } catch (cause) {
      fail(cause);
    }
  });
}

function listenProblem(cause: unknown, address: string): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `The HTTP address ${address} is in use by another program. Stop that program or choose another port with --http.`;
    case "EACCES":
    case "EPERM":
      return `This user may not open the HTTP address ${address}. Choose a port above 1023 with --http.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The HTTP address ${address} is not one of this machine. Choose another host with --http, such as 127.0.0.1.`;
    default:
      return `The HTTP address ${address} cannot be opened (${reasonOf(cause)}). Choose another one with --http.`;
  }
}

export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), HTTP_LIMITS.closeGraceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
