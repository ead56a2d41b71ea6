/**
 * What a page shows beside its cookie. Cookies go to every port of a host; this is in the storage of the page's own origin,
 * so that another program on the same machine cannot act with a cookie that a browser has sent it.
 */
const STORED = "skein.page-key";

export const keepPageKey = (key: string): void => localStorage.setItem(STORED, key);

export const forgetPageKey = (): void => localStorage.removeItem(STORED);

/** Empty when nobody is signed in: the node then says so. */
export const pageKey = (): string => localStorage.getItem(STORED) ?? "";

/** Calls `run` when another tab of this page has signed out, or has noticed that the session ended; no node has to be there. */
export function followSignOut(run: () => void): void {
  addEventListener("storage", ({ key }) => {
    // Without a key all of it was cleared.
    if ((key === STORED || key === null) && pageKey() === "") run();
  });
}

/** The protocols to open a socket with at the page's own node: a browser can set no header there. */
export function pageProtocols(): string[] {
  const key = pageKey();
  return key === "" ? [] : ["skein", `skein.page.${key}`];
}
