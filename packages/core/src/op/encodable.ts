/** A typed body as plain values that can be encoded: maps as objects, and text that has an encoding. */
import { storableText, type Value } from "./codec.ts";

/** Text that may have to be changed before it can be encoded. */
// oxlint-disable-next-line no-control-regex -- the control character is one of them
const DOUBTFUL = /[\0\ud800-\udfff\ufeff]/;

export function encodable(value: unknown): Value {
  // Agents' output is cut to length and pasted from anywhere; what cannot be encoded must not stop the node.
  if (typeof value === "string") return DOUBTFUL.test(value) ? storableText(value).replaceAll("\0", "\ufffd") : value;
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, entry]) => [String(key), encodable(entry)]));
  if (Array.isArray(value)) return value.map(encodable);
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, encodable(entry)]));
  }
  // Bodies are built of the types that the checks above name.
  return value as Value;
}
