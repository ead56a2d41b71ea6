/** Deterministic twins for tests and simulation. Production code never imports this. */
export { CHAT_SAMPLES } from "./chat-samples.ts";
export { COMMAND_INPUTS } from "./command-inputs.ts";
export { createPrng, type Prng } from "./prng.ts";
export { testCrypto, testSigner } from "./test-crypto.ts";
