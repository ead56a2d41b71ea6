/**
 * Finds any of many byte strings in one pass (Aho and Corasick, 1975): one step for each byte, however many there are.
 * After each byte it knows the longest string that ends there, and how much of what was read may still become one.
 */

export interface ByteAutomaton {
  /** The state after one more byte. The state before the first byte is 0. */
  next(state: number, byte: number): number;
  /** Length of the longest string that ends in this state; 0 when none does. */
  matched(state: number): number;
  /** So many of the bytes read last may be the beginning of a string. */
  depth(state: number): number;
}

export function createByteAutomaton(words: readonly Uint8Array[]): ByteAutomaton {
  const children: Map<number, number>[] = [new Map()];
  const depths = [0];
  const longest = [0];
  for (const word of words) {
    let state = 0;
    for (const byte of word) {
      let child = children[state]?.get(byte);
      if (child === undefined) {
        child = children.push(new Map()) - 1;
        children[state]?.set(byte, child);
        depths.push((depths[state] ?? 0) + 1);
        longest.push(0);
      }
      state = child;
    }
    longest[state] = depths[state] ?? 0;
  }
  const fails = new Int32Array(children.length);
  const next = (from: number, byte: number): number => {
    for (let state = from; ; state = fails[state] ?? 0) {
      const child = children[state]?.get(byte);
      if (child !== undefined) return child;
      if (state === 0) return 0;
    }
  };
  // Level by level: a state's fallback is shallower than the state, so it is known by then.
  const level = [...(children[0]?.values() ?? [])];
  for (const state of level) {
    longest[state] = Math.max(longest[state] ?? 0, longest[fails[state] ?? 0] ?? 0);
    for (const [byte, child] of children[state] ?? []) {
      fails[child] = next(fails[state] ?? 0, byte);
      level.push(child);
    }
  }
  return { next, matched: (state) => longest[state] ?? 0, depth: (state) => depths[state] ?? 0 };
}
