/** Reads the name of whoever dials from the first WebSocket message of a link, which is its `hello`. */
import { decodeMessage, LIMITS } from "@skein/core";

export interface DialerSniffer {
  read(chunk: Buffer): void;
  name(): string | undefined;
}

const GIVE_UP_BYTES = 16 * 1024;

export function createDialerSniffer(): DialerSniffer {
  let seen = Buffer.alloc(0);
  let name: string | undefined;
  let done = false;
  return {
    name: () => name,
    read: (chunk) => {
      if (done) return;
      seen = Buffer.concat([seen, chunk]);
      const headerEnd = seen.indexOf("\r\n\r\n");
      const message = headerEnd < 0 ? undefined : firstMessage(seen.subarray(headerEnd + 4));
      if (message !== undefined) {
        const decoded = decodeMessage(message, LIMITS.messageBytesBeforeProof);
        name = decoded.ok && decoded.value.type === "hello" ? decoded.value.name : "";
      }
      done = name !== undefined || seen.length > GIVE_UP_BYTES;
      if (done) seen = Buffer.alloc(0);
    },
  };
}

/** The payload of the first frame when it is here as a whole; what a client sends is masked (RFC 6455, 5.2). */
function firstMessage(bytes: Buffer): Uint8Array | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  if (short === 127 || (short === 126 && bytes.length < 4)) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const maskAt = short === 126 ? 4 : 2;
  const payload = bytes.subarray(maskAt + 4, maskAt + 4 + length);
  if (payload.length < length) return undefined;
  return Uint8Array.from(payload, (byte, index) => byte ^ (bytes[maskAt + (index % 4)] ?? 0));
}
