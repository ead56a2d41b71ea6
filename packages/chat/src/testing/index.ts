/** Doubles for tests of transports. */
export { createHostDouble, type HostDouble } from "./host-double.ts";
