/**
 * The code of a sign-in link. It arrives once in the fragment of the address (`#/login?code=…`), which browsers send to
 * nobody, and leaves the address bar and the history before anything else happens.
 */

/** The part of the browser that is used. */
export interface AddressBar {
  readonly hash: string;
  replace(url: string): void;
}

const PREFIX = "#/login?";

/** The link in the address, as somebody would paste it, with a code in it or none. Undefined when the address is no such link. */
export function takeLink(location: AddressBar): string | undefined {
  const { hash } = location;
  if (!hash.startsWith(PREFIX)) return undefined;
  location.replace("#/");
  return hash;
}

/** The code in what somebody pasted: a whole link, its end, or the code alone. Undefined when there is none. */
export function codeIn(text: string): string | undefined {
  const trimmed = text.trim();
  const at = trimmed.indexOf(PREFIX);
  const code = at < 0 ? trimmed : (new URLSearchParams(trimmed.slice(at + PREFIX.length)).get("code") ?? "");
  return /^[\w-]{20,100}$/.test(code) ? code : undefined;
}
