/**
 * Where Twilio reports what became of a message: the same webhook, with our key in the query. Twilio signs the URL with its
 * query, so the key that comes back is the one that was sent. It is the only place where Twilio carries something for us.
 */
const NAME = "skein-key";

export function callbackUrl(publicUrl: string, key: string): string {
  const [url = "", ...fragment] = publicUrl.split("#");
  const keyed = `${url}${url.includes("?") ? "&" : "?"}${NAME}=${encodeURIComponent(key)}`;
  return [keyed, ...fragment].join("#");
}

export function keyOf(requestUrl: string): string | null {
  const query = requestUrl.indexOf("?");
  const keys = new URLSearchParams(query === -1 ? "" : requestUrl.slice(query)).getAll(NAME);
  const [key] = keys;
  return keys.length === 1 && key !== undefined && /^[0-9a-f]{64}$/.test(key) ? key : null;
}
