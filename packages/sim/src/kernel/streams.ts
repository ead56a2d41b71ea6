/**
 * One stream of random numbers per concern, all from one seed. A fault class that is switched off, or an op that is left
 * out, takes nothing from the others' streams; that is what makes a failure small when it is minimised.
 */
import { createPrng, type Prng } from "@skein/core/testing";
import { createHash } from "node:crypto";

export type Streams = (concern: string) => Prng;

export const streamsOf =
  (seed: number): Streams =>
  (concern) =>
    createPrng(createHash("sha256").update(`${seed}/${concern}`).digest().readUIntBE(0, 6));

/** A number between two bounds, drawn evenly over the orders of magnitude, so that rare and frequent are both seen. */
export const drawLog = (prng: Prng, least: number, most: number): number =>
  least * (most / least) ** (prng.u32() / 2 ** 32);

/** Between two whole numbers, both included. */
export const drawInt = (prng: Prng, least: number, most: number): number => least + prng.int(most - least + 1);
