/**
 * Whether an IP address belongs to anybody in public. The names that a room may reach are resolved by the proxy, and a name
 * may point anywhere: at this machine, at the network it is in, at a cloud's metadata.
 */
import { BlockList, isIP } from "node:net";

const PRIVATE_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Of IPv6, only what is given out to the public, without what stands for IPv4 or leads through a tunnel. */
const PUBLIC_V6: readonly [string, number] = ["2000::", 3];
const PRIVATE_V6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const blocked = new BlockList();
for (const [net, bits] of PRIVATE_V4) blocked.addSubnet(net, bits, "ipv4");
for (const [net, bits] of PRIVATE_V6) blocked.addSubnet(net, bits, "ipv6");
const open = new BlockList();
open.addSubnet(...PUBLIC_V6, "ipv6");

export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !blocked.check(address, "ipv4");
    case 6:
      return open.check(address, "ipv6") && !blocked.check(address, "ipv6");
    default:
      return false;
  }
}
