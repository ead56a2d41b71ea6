/** How this node's page is served: from `node.yaml` and the command line, with what is refused before anything listens. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { NO_NODE_CONFIG } from "@skein/config";
import { isPageOrigin } from "@skein/core";

import { Failure, reasonOf } from "./failure.ts";
import { isLoopback } from "./loopback.ts";
import { NODE_FILE, readNodeFile } from "./node-file.ts";

export interface WebSettings {
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly hosts: readonly string[];
  /** The origin to tell other nodes; undefined for the address as bound, when that means something elsewhere. */
  readonly told: string | undefined;
}

/** What the command line says. */
interface WebWords {
  readonly data: string;
  /** The host to serve at. */
  readonly host: string;
  readonly insecureHttp: boolean;
  readonly advertiseHttp: string | undefined;
}

/** Sessions and tokens go over this connection: beyond this machine only under TLS, or when somebody says so. */
export function webSettings({ data, host, insecureHttp, advertiseHttp }: WebWords): WebSettings {
  const file = readNodeFile(data);
  // A file that is wrong is refused where chat reads it, with all that is wrong.
  const settings = file.ok ? file.value.http : NO_NODE_CONFIG.http;
  if (!isLoopback(host) && settings.tls === undefined && !settings.insecure && !insecureHttp) {
    throw new Failure(
      `${host} is reached from other machines, and the board would be served there without TLS: whoever reads the network could act as you. Name a certificate in ${join(data, NODE_FILE)} (http: { tls: { cert: FILE, key: FILE } }), or say that it is meant with --insecure-http.`,
    );
  }
  const told = advertiseHttp ?? settings.advertise;
  if (told !== undefined && !isPageOrigin(told)) {
    throw new Failure(
      `--advertise-http takes an address without a path, like https://board.example; "${told}" is not one.`,
      2,
    );
  }
  const named = told === undefined ? [] : [new URL(told).host];
  return { tls: settings.tls && readTls(data, settings.tls), hosts: [...settings.hosts, ...named], told };
}

function readTls(data: string, { cert, key }: { cert: string; key: string }): { cert: string; key: string } {
  const read = (file: string): string => {
    const path = resolve(data, file);
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      throw new Failure(`The file ${path}, which http.tls in ${NODE_FILE} names, cannot be read: ${reasonOf(cause)}.`);
    }
  };
  return { cert: read(cert), key: read(key) };
}

/** Other machines are told of no address that is this machine's own. */
export function toldPage({ told }: WebSettings, pageUrl: string): string {
  if (pageUrl === "") return "";
  if (told !== undefined) return told;
  return isLoopback(new URL(pageUrl).hostname) ? "" : pageUrl;
}
