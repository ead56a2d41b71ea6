/** Chat as seen from its adapters and from the composition root. */
export type * from "./transport.ts";
export { createVerifier } from "./verify/create-verifier.ts";
export type { Verdict, Verifier } from "./verify/verifier.ts";
