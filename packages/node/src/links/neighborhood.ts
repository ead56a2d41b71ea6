/** Which internet addresses count as one place. */
import { isIPv6 } from "node:net";

/** An IPv4 peer of a socket that listens on IPv6 appears as `::ffff:192.0.2.1`. */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");

/** Who is counted together: an IPv4 address, or an IPv6 network of 64 bits, which is what one customer or host gets. */
export function neighborhoodOf(address: string): string {
  const plain = unmapped(address).replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  if (tail !== undefined) while (groups.length + behind.length < 8) groups.push("0");
  return [...groups, ...behind]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
