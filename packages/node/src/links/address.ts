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
  // A name with a dot at its end is the same name.
  const host = url.hostname.replace(/^\[|\]$|\.+$/g, "").toLowerCase();
  if (host === "localhost") return allowLoopback;
  if (isIP(host) !== 0) return isReachable(host, allowLoopback);
  return host !== "" && !host.endsWith(".localhost");
}

/** The same for an IP address, also for one that a name turns out to stand for. */
export function isReachable(ip: string, allowLoopback: boolean): boolean {
  const version = isIP(ip);
  if (version === 4) return isReachableV4(ip, allowLoopback);
  return version === 6 && isReachableV6(ip.toLowerCase(), allowLoopback);
}

function isReachableV4(host: string, allowLoopback: boolean): boolean {
  const [a = 0, b = 0] = host.split(".").map(Number);
  if (a === 127) return allowLoopback;
  // Unspecified, link-local with cloud metadata, multicast and reserved.
  return a !== 0 && !(a === 169 && b === 254) && a < 224;
}

function isReachableV6(host: string, allowLoopback: boolean): boolean {
  if (host === "::1") return allowLoopback;
  // Unspecified, IPv4 in disguise (mapped, compatible, translated), link-local, multicast, and the metadata address of a
  // large cloud.
  return (
    !host.startsWith("::") &&
    !host.startsWith("64:ff9b:") &&
    !/^fe[89ab]/.test(host) &&
    !host.startsWith("ff") &&
    host !== "fd00:ec2::254"
  );
}
