/** Doubles for tests of transports, and of what is around them. */
export { type ClockDouble, createClockDouble } from "./clock-double.ts";
export { createMeshDouble, type DeskDouble, type MeshDouble } from "./desk-double.ts";
export { createHostDouble, type HostDouble } from "./host-double.ts";
export {
  createKindDouble,
  createPlatformDouble,
  createTransportDouble,
  type PlatformDouble,
  type TransportDouble,
} from "./transport-double.ts";
