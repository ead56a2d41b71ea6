/**
 * The bytes a ticket signs to let one key in. The ticket is a key pair of its own: the mesh knows its public half from the
 * invite op, the person who was invited holds the secret half, and the mesh id inside pins the mesh.
 */
import { encode } from "../op/codec.ts";

export const joinProofBytes = (join: { mesh: Uint8Array; key: Uint8Array; name: string }): Uint8Array =>
  encode(["skein/join/1", join.mesh, join.key, join.name]);
