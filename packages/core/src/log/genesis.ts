/** The first op of a mesh: a frame of one op whose hash becomes the mesh's id. */
import { MESH_ENTITY } from "../fold/fold.ts";
import { fromHex } from "../kernel/bytes.ts";
import { assert } from "../kernel/result.ts";
import { type MeshBody, writeBody } from "../op/bodies.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { type Frame, sealFrame } from "../op/frame.ts";
import { sealOp } from "../op/op.ts";

export function foundMesh(
  founder: {
    readonly signer: Signer;
    readonly incarnation: Uint8Array;
    readonly meshName: string;
    readonly nodeName: string;
    readonly wallMs: number;
  },
  crypto: Crypto,
): { readonly mesh: Uint8Array; readonly frame: Frame } {
  const { signer, incarnation, meshName, nodeName, wallMs } = founder;
  const body: MeshBody = { kind: "mesh.genesis", name: meshName, owner: nodeName };
  const none = new Uint8Array();
  const sealed = sealOp(
    {
      mesh: none,
      author: signer.publicKey,
      incarnation,
      seq: 1,
      prev: null,
      lamport: 1,
      wall: wallMs,
      entity: MESH_ENTITY,
      kind: body.kind,
      on: null,
      after: null,
      body: writeBody(body),
    },
    crypto,
  );
  const mesh = fromHex(sealed.id);
  assert(mesh !== undefined, "an op id is hex");
  const header = { mesh: none, author: signer.publicKey, incarnation, firstSeq: 1, prevFrame: null, opIds: [mesh] };
  return { mesh, frame: sealFrame(header, [sealed.bytes], signer, crypto) };
}
