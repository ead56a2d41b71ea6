/** `merge-tree --write-tree` and the fixes for cloning from hostile directories are in every git from this version on. */
export const OLDEST_GIT: readonly [number, number, number] = [2, 39, 4];

/** Whether what `git version` prints names a git that is new enough; undefined when it names none. */
export function isNewEnough(text: string): boolean | undefined {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/u.exec(text);
  if (found === null) return undefined;
  const version = [found[1], found[2], found[3] ?? "0"].map(Number);
  for (const [index, least] of OLDEST_GIT.entries()) {
    const part = version[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
