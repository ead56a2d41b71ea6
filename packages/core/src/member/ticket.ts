/**
 * A ticket as people pass it on: `skein1.` and base64url of the mesh id, the ticket's secret seed, its expiry and the
 * addresses to try. Whoever holds it may bring in one key, once, until it expires.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import { decode, encode, type Value } from "../op/codec.ts";
import { HASH_BYTES, isBytes } from "../op/op.ts";

export interface Ticket {
  readonly mesh: Uint8Array;
  /** Ed25519 seed of the ticket's key pair, 32 bytes. */
  readonly seed: Uint8Array;
  /** Unix ms on the inviting node's clock. */
  readonly expires: number;
  /** `ws://` addresses of nodes to join through. */
  readonly addresses: readonly string[];
}

const PREFIX = "skein1.";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export function printTicket(ticket: Ticket): string {
  return PREFIX + toBase64Url(encode([ticket.mesh, ticket.seed, ticket.expires, ticket.addresses]));
}

export function parseTicket(text: string): Result<Ticket, string> {
  const broken = err("the ticket is not complete; copy the whole line that `skein invite` printed");
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX))
    return err(`a ticket starts with ${PREFIX}; copy the line that \`skein invite\` printed`);
  const bytes = fromBase64Url(trimmed.slice(PREFIX.length));
  if (bytes === undefined) return broken;
  const decoded = decode(bytes, 4_096);
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 4) return broken;
  const [mesh, seed, expires, addresses]: Value[] = decoded.value;
  if (!isBytes(mesh) || mesh.length !== HASH_BYTES || !isBytes(seed) || seed.length !== HASH_BYTES) return broken;
  if (typeof expires !== "number" || !Array.isArray(addresses)) return broken;
  const texts = (addresses as readonly Value[]).filter((address) => typeof address === "string");
  return ok({ mesh, seed, expires, addresses: texts });
}

function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const rest = bytes.length - index;
    const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET.charAt((group >> shift) & 63)).join("");
    text += rest >= 3 ? digits : digits.slice(0, rest + 1);
  }
  return text;
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let offset = 0;
  let bits = 0;
  let held = 0;
  for (const digit of text) {
    bits = (bits << 6) | ALPHABET.indexOf(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[offset++] = (bits >> held) & 0xff;
    bits &= (1 << held) - 1;
  }
  return bits === 0 ? bytes : undefined;
}
