// Medians and spread. A figure is never one run.
export function quantile(values, q) {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * q))];
}

export const median = (values) => quantile(values, 0.5);

/** Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export const now = () => Number(process.hrtime.bigint());

export const ms = (nanoseconds) => nanoseconds / 1e6;

export const MIB = 2 ** 20;
