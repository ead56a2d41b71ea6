/** How this node's page is served: from `node.yaml` and the command line, with what is refused before anything listens. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";

import { NO_NODE_CONFIG } from "@skein/config";
import { isPageOrigin } from "@skein/core";
import { isPageForOthers } from "@skein/node";

import { Failure, reasonOf } from "./failure.ts";
import { isLoopback } from "./loopback.ts";
import { NODE_FILE, readNodeFile } from "./node-file.ts";

export interface WebSettings {
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly hosts: readonly string[];
  /** The origin that the person says to tell the other nodes. */
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
  const said = advertiseHttp ?? settings.advertise;
  const told = said === undefined ? undefined : originToTell(said);
  const named = told === undefined ? [] : [new URL(told).host];
  return { tls: settings.tls && readTls(data, settings.tls), hosts: [...settings.hosts, ...named], told };
}

function originToTell(said: string): string {
  if (!isPageOrigin(said) || !URL.canParse(said)) {
    throw new Failure(
      `--advertise-http takes an address without a path, like https://board.example; "${said}" is not one.`,
      2,
    );
  }
  const { origin } = new URL(said);
  if (isPageForOthers(origin)) return origin;
  throw new Failure(
    `--advertise-http and http.advertise tell other machines where this node's page is, and ${said} means something else on each of them. Name an address that they reach; nodes of one user on one machine find each other without it.`,
    2,
  );
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

/**
 * What the other nodes are told of a page that is served at `pageUrl`; empty for nothing. Unless somebody says otherwise only
 * an address under TLS that the certificate is good for: browsers are sent there with passes, and show nothing without it.
 */
export function toldPage({ told, tls, hosts }: WebSettings, pageUrl: string): string {
  if (pageUrl === "") return "";
  if (told !== undefined) return told;
  if (tls === undefined) return "";
  const { hostname, port } = new URL(pageUrl);
  const certificate = new X509Certificate(tls.cert);
  const names = [hostname, ...hosts.filter((host) => !host.includes(":"))].filter((name) =>
    isGoodFor(certificate, name),
  );
  return names.map((name) => new URL(`https://${name}:${port}`).origin).find(isPageForOthers) ?? "";
}

function isGoodFor(certificate: X509Certificate, host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, "");
  // Like browsers, which do not look at the subject's name.
  const good = isIP(plain) === 0 ? certificate.checkHost(plain, { subject: "never" }) : certificate.checkIP(plain);
  return good !== undefined;
}

/** Whether the page is one of this machine alone, which its neighbours may know: nothing else leads there. */
export const isNearPage = ({ told, tls }: WebSettings, pageUrl: string): boolean =>
  pageUrl !== "" && told === undefined && tls === undefined && isLoopback(new URL(pageUrl).hostname);
