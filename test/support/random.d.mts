/** Numbers from 0 to 1 that follow from a seed. */
export function randomOf(seed: number): () => number;
