/** Why a WebSocket ended, in words for a log. What the other end says is text of a stranger: short, and no control characters. */

const REASON_BYTES = 123;

/** As much of a reason as a close frame holds, cut between characters. */
export function fitReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= REASON_BYTES) return reason;
  let end = REASON_BYTES;
  // 10xxxxxx continues a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

export function closeReason(code: number, text: Buffer): string {
  const said = text
    .toString("utf8")
    .replaceAll(/\p{C}+/gu, " ")
    .trim();
  if (said !== "") return said;
  switch (code) {
    case 1000:
    case 1001:
    case 1005:
    case 4000:
      return "the other end closed the connection";
    case 1006:
      return "the connection was lost";
    default:
      return `the other end closed the connection (code ${code})`;
  }
}

export function errorReason(cause: Error): string {
  const code = "code" in cause ? String(cause.code) : "";
  switch (code) {
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
      return "a message passed the limit";
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return "a message came in too many pieces";
    default:
      return code.startsWith("WS_ERR_")
        ? `it broke the WebSocket protocol (${cause.message})`
        : `the connection was lost (${code === "" ? cause.message : code})`;
  }
}
