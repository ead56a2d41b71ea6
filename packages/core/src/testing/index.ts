/** Deterministic twins for tests and simulation. Production code never imports this. */
export { createPrng, type Prng } from "./prng.ts";
export { testCrypto, testSigner } from "./test-crypto.ts";
