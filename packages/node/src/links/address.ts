/**
 * Which addresses learned from other nodes this node dials. An address is data from a peer: it must not turn a node into
 * a probe of its own network (cloud metadata, link-local, loopback of somebody else's machine).
 */
import { isIP } from "node:net";

export function isDialable(address: string, allowLoopback: boolean): boolean {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  if ((url.protocol !== "ws:" && url.protocol !== "wss:") || url.username !== "" || url.password !== "") return false;
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost") return allowLoopback;
  const version = isIP(host);
  if (version === 4) return isDialableV4(host, allowLoopback);
  if (version === 6) return isDialableV6(host, allowLoopback);
  return host !== "" && !host.endsWith(".localhost");
}

function isDialableV4(host: string, allowLoopback: boolean): boolean {
  const [a = 0, b = 0] = host.split(".").map(Number);
  if (a === 127) return allowLoopback;
  // Unspecified, link-local with cloud metadata, multicast and reserved.
  return a !== 0 && !(a === 169 && b === 254) && a < 224;
}

function isDialableV6(host: string, allowLoopback: boolean): boolean {
  if (host === "::1") return allowLoopback;
  // Unspecified, mapped IPv4, link-local, multicast, and the metadata address of a large cloud.
  return (
    host !== "::" &&
    !host.startsWith("::ffff:") &&
    !/^fe[89ab]/.test(host) &&
    !host.startsWith("ff") &&
    host !== "fd00:ec2::254"
  );
}
