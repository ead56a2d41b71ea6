/** The line of the merge queue in the trains that are planned. Pure. */

/** Where nobody knows the trains, everything is one list. */
export function trainsOf<T extends { readonly train: number | null }>(line: readonly T[]): readonly (readonly T[])[] {
  const trains = new Map<number, T[]>();
  for (const one of line) {
    const cars = trains.get(one.train ?? 0) ?? [];
    cars.push(one);
    trains.set(one.train ?? 0, cars);
  }
  return [...trains.values()];
}
