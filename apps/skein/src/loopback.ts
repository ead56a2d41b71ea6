/** Which addresses are this machine's own and no other's. */

/** `host` as in an address of this program: a name or a number, an IPv6 one with or without brackets. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, "").toLowerCase();
  return plain === "localhost" || plain === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(plain);
}
