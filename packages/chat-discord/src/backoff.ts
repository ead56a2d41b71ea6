/**
 * How long to wait before dialing again. Full jitter, so that many nodes that lost Discord at once do not come back at
 * once; and a circuit breaker: after many failures in a row only a probe every 5 to 10 minutes, which is at most 288 a
 * day and far below what Discord allows.
 */
import type { TransportServices } from "@skein/chat";

const FIRST_MS = 1_000;
export const CAP_MS = 600_000;
/** So many failures in a row open the breaker. The first of them take about 17 minutes. */
export const BREAKER_AT = 10;

export function backoffMs(failures: number, random: TransportServices["random"]): number {
  const ceiling = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  const floor = failures >= BREAKER_AT ? CAP_MS / 2 : 0;
  return floor + fraction(random) * (ceiling - floor);
}

/** From 0 up to, not including, 1. */
export function fraction(random: TransportServices["random"]): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return (((a * 256 + b) * 256 + c) * 256 + d) / 2 ** 32;
}
