/**
 * Patterns of paths: `*` and `?` stand for parts of one name, a name that is only `**` for any number of directories;
 * everything else means itself.
 *
 * Patterns come from anybody: time and memory are bounded by the product of the two lengths, whatever is in them.
 */

/** Can one path be meant by both? A path is a pattern that means one path. */
export function patternsMeet(a: string, b: string): boolean {
  const [one, other] = [placeOf(a), placeOf(b)];
  if (one !== undefined && other !== undefined) return placesMeet(one, other);
  return sequencesMeet(a.split("/"), b.split("/"), ["**", "**"], namesMeet);
}

/** Is the path meant? It is no pattern, whatever is in its names. */
export const matchesPath = (pattern: string, path: string): boolean =>
  sequencesMeet(pattern.split("/"), path.split("/"), ["**"], matchesName);

export const matchesName = (pattern: string, name: string): boolean =>
  pattern === name || sequencesMeet(pattern.split(""), name.split(""), ["*"], (x, y) => x === "?" || x === y);

// ── files and directories ───────────────────────────────────────────────────────────────────────────────────────────

/** What most patterns are: one file, or everything below one directory. */
interface Place {
  /** Ends with `/`; empty for everything. */
  readonly path: string;
  readonly isDirectory: boolean;
}

const WILD = /[*?]/;

function placeOf(pattern: string): Place | undefined {
  const isDirectory = pattern === "**" || pattern.endsWith("/**");
  const path = isDirectory ? pattern.slice(0, -"**".length) : `${pattern}/`;
  return WILD.test(path) ? undefined : { path, isDirectory };
}

const placesMeet = (a: Place, b: Place): boolean =>
  a.path === b.path || (a.isDirectory && b.path.startsWith(a.path)) || (b.isDirectory && a.path.startsWith(b.path));

// ── everything else ─────────────────────────────────────────────────────────────────────────────────────────────────

const namesMeet = (a: string, b: string): boolean =>
  a === b ||
  ((WILD.test(a) || WILD.test(b)) &&
    sequencesMeet(a.split(""), b.split(""), ["*", "*"], (x, y) => x === y || x === "?" || y === "?"));

/**
 * Row by row from the ends: `row[j]` says whether the rest of `a` from i on and that of `b` from j on can be the same. `stars`:
 * what stands for anything in `a`, and in `b` unless that is no pattern.
 */
function sequencesMeet(
  a: readonly string[],
  b: readonly string[],
  [star, otherStar]: readonly [string, string?],
  meet: (x: string, y: string) => boolean,
): boolean {
  let below: readonly boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = b.length; j >= 0; j--) {
      const [x, y] = [a[i], b[j]];
      if (x === undefined && y === undefined) row[j] = true;
      else if (x === star || (y !== undefined && y === otherStar)) row[j] = below[j] === true || row[j + 1] === true;
      else row[j] = x !== undefined && y !== undefined && below[j + 1] === true && meet(x, y);
    }
    below = row;
  }
  return below[0] === true;
}
