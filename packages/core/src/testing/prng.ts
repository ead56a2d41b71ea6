/**
 * The seeded generator of tests and simulation: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state. Ours on purpose:
 * a library's next version would change every recorded seed. Frozen by a vector in prng.test.ts.
 */
export interface Prng {
  /** A whole number in 0 … 2^32-1. */
  u32(): number;
  /** A whole number in 0 … n-1. */
  int(n: number): number;
  chance(probability: number): boolean;
  bytes(length: number): Uint8Array;
  pick<T>(from: readonly T[]): T;
  shuffle<T>(list: readonly T[]): T[];
}

export function createPrng(seed: number): Prng {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed >>> 0;
  let counter = Math.floor(seed / 2 ** 32) + 1;
  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let warm = 0; warm < 15; warm++) u32();
  const int = (n: number): number => Math.floor((u32() / 2 ** 32) * n);
  return {
    u32,
    int,
    chance: (probability) => u32() / 2 ** 32 < probability,
    bytes: (length) => Uint8Array.from({ length }, () => u32() & 0xff),
    pick: (from) => {
      const one = from[int(from.length)];
      if (one === undefined) throw new Error("nothing to pick from");
      return one;
    },
    shuffle: (list) => {
      const shuffled = [...list];
      for (let index = shuffled.length - 1; index > 0; index--) {
        const other = int(index + 1);
        const [x, y] = [shuffled[index], shuffled[other]];
        if (x !== undefined && y !== undefined) [shuffled[index], shuffled[other]] = [y, x];
      }
      return shuffled;
    },
  };
}
