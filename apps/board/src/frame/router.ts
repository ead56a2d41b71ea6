/**
 * The address as the page reads it. Routes lie behind the `#`, so that the page works below any path of a proxy and the
 * node serves one file: `#/items/ID?tab=log`.
 */
import { type ReadonlySignal, signal } from "@preact/signals";

export interface Route {
  /** `/items/ID`; `/` for the board and for what is no route. */
  readonly path: string;
  /** The parts that the row of the routes table names, such as `id`, decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What stands behind the `?`: `tab` is `log`. */
  readonly query: ReadonlyMap<string, string>;
}

export function parseAddress(hash: string): Pick<Route, "path" | "query"> {
  if (!hash.startsWith("#/")) return { path: "/", query: new Map() };
  const [path = "/", query = ""] = hash.slice(1).split("?", 2);
  return { path: path === "/" ? path : path.replace(/\/+$/, ""), query: new Map(new URLSearchParams(query)) };
}

/** The parameters when the path is one of the pattern `/items/:id`, otherwise undefined. */
export function matchPath(pattern: string, path: string): ReadonlyMap<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [index, part] of wanted.entries()) {
    const value = decode(given[index] ?? "");
    if (value === undefined) return undefined;
    if (part.startsWith(":") && value !== "") parameters.set(part.slice(1), value);
    else if (part !== value) return undefined;
  }
  return parameters;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The address of a page, for `href` and `location.hash`. Empty values of the query are left out. */
export function addressOf(path: string, query: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return given.length === 0 ? `#${path}` : `#${path}?${new URLSearchParams(given).toString()}`;
}

const current = signal(parseAddress(globalThis.location?.hash ?? ""));

/** Where the page is; follows links, the back button and `goTo`. */
export const address: ReadonlySignal<Pick<Route, "path" | "query">> = current;

globalThis.addEventListener?.("hashchange", () => {
  current.value = parseAddress(location.hash);
});

export function goTo(to: string): void {
  location.hash = to;
}

/** Changes the query alone and makes no entry in the history: what somebody types is not a way to go back to. @public */
export function replaceQuery(query: Readonly<Record<string, string>>): void {
  history.replaceState(null, "", addressOf(current.value.path, query));
  current.value = parseAddress(location.hash);
}
