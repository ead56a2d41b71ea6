/**
 * Can one path be meant by two patterns? `*` and `?` stand for parts of one name, a name that is only `**` for any number of
 * directories; everything else means itself, so a path is a pattern that means one path.
 *
 * Patterns come from anybody: time and memory are bounded by the product of the two lengths, whatever is in them.
 */
export function patternsMeet(a: string, b: string): boolean {
  return a === b || sequencesMeet(a.split("/"), b.split("/"), "**", namesMeet);
}

const WILD = /[*?]/;

const namesMeet = (a: string, b: string): boolean =>
  a === b ||
  ((WILD.test(a) || WILD.test(b)) &&
    sequencesMeet(a.split(""), b.split(""), "*", (x, y) => x === y || x === "?" || y === "?"));

/** Row by row from the ends: `row[j]` says whether the rest of `a` from i on and that of `b` from j on can be the same. */
function sequencesMeet(
  a: readonly string[],
  b: readonly string[],
  star: string,
  meet: (x: string, y: string) => boolean,
): boolean {
  let below: readonly boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = b.length; j >= 0; j--) {
      const [x, y] = [a[i], b[j]];
      if (x === undefined && y === undefined) row[j] = true;
      else if (x === star) row[j] = below[j] === true || row[j + 1] === true;
      else if (y === star) row[j] = row[j + 1] === true || below[j] === true;
      else row[j] = x !== undefined && y !== undefined && below[j + 1] === true && meet(x, y);
    }
    below = row;
  }
  return below[0] === true;
}
