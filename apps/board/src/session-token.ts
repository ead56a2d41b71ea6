/**
 * The token of this tab. It arrives once in the fragment of the address (`#token=…`), which browsers send to nobody, and
 * is moved into the tab's session storage; the address bar, the history and a shared link do not keep it.
 */
const STORAGE_KEY = "skein.token";

export interface TokenPlaces {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(data: null, unused: string, url: string): void };
  readonly storage: TokenStorage;
}

/** The part of the session storage that is used. */
export interface TokenStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export function takeToken({ location, history, storage }: TokenPlaces): string | undefined {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get("token");
  if (fromAddress !== null) history.replaceState(null, "", location.pathname + location.search);
  const token = cleanToken(fromAddress ?? "") ?? storage.getItem(STORAGE_KEY) ?? undefined;
  if (token !== undefined) storage.setItem(STORAGE_KEY, token);
  return token;
}

export function keepToken(storage: TokenStorage, token: string): void {
  storage.setItem(STORAGE_KEY, token);
}

export function forgetToken(storage: TokenStorage): void {
  storage.removeItem(STORAGE_KEY);
}

/** Undefined when it cannot be a token: empty, or with characters a header cannot carry. */
export function cleanToken(text: string): string | undefined {
  const token = text.trim();
  return /^[\u0021-\u007e]{1,512}$/.test(token) ? token : undefined;
}
