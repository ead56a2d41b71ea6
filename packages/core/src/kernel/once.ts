/** What is dear to make and asked for by many, or by nobody. */

/** Makes it when it is asked for, and only the first time. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
