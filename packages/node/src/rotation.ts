/**
 * This node's key is followed by a new one while the node runs. One rule makes it safe at every point of a crash: whenever
 * the log says that the prepared key is the member's, the node goes on under it.
 *
 *     prepare the new key, durable → the rotation, durable, signed by both → new incarnation → the new key in place
 *
 * A rotation that did not get into the log changes nothing, and its prepared key waits for the next try.
 */
import {
  type CommandError,
  err,
  type KeyRotation,
  memberOf,
  type Membership,
  ok,
  proveRotation,
  type Result,
  type Signer,
  toHex,
} from "@skein/core";

import type { Journal } from "./journal.ts";
import type { NodeKeys } from "./ports.ts";

export interface RotationDeps {
  readonly keys: NodeKeys;
  readonly mesh: Uint8Array;
  readonly membership: () => Membership;
  /** A new incarnation is durable when this returns, or the disk has complained. */
  readonly renewIncarnation: () => void;
  /** The node signs with the new key now; with a problem when its file is not in place yet. */
  readonly onAdopted: (problem: string | undefined) => void;
}

export interface Rotation {
  /** The statement that the prepared key follows this node's. */
  propose(): Result<KeyRotation, CommandError>;
  /** The membership changed: takes the prepared key when the log says so. */
  look(): void;
}

export function createRotation({ keys, mesh, membership, renewIncarnation, onAdopted }: RotationDeps): Rotation {
  return {
    propose: () => {
      const prepared = keys.prepare();
      if (!prepared.ok) {
        const message = `The new key cannot be saved: ${prepared.error}. The node goes on under its old key.`;
        return err({ code: "not-saved", message });
      }
      return ok(proveRotation(mesh, keys.current(), prepared.value));
    },
    look: () => {
      const prepared = keys.prepared();
      if (prepared === undefined) return;
      const next = toHex(prepared.publicKey);
      const member = memberOf(membership(), toHex(keys.current().publicKey));
      if (member?.key !== next) return;
      // A new key with the incarnation of the old one would be told apart by nothing but the key.
      renewIncarnation();
      const adopted = keys.adopt();
      onAdopted(adopted.ok ? undefined : adopted.error);
    },
  };
}

/** For a node that never rotates its key: of a benchmark or a simulation. */
export const onlyKey = (signer: Signer): NodeKeys => ({
  current: () => signer,
  prepared: () => undefined,
  prepare: () => err("this node keeps its key"),
  adopt: () => err("there is no new key"),
});

export interface GatedJournal {
  readonly journal: Journal;
  /** Runs with no other write of this node under way: they wait until it is over. */
  readonly alone: <T>(run: (journal: Journal) => Promise<T>) => Promise<T>;
}

/** What is written after a rotation, under the old key, has no effect. So nothing is. */
export function gateJournal(inner: Journal): GatedJournal {
  const gate: { closed: Promise<void> | undefined } = { closed: undefined };
  return {
    journal: {
      ...inner,
      write: async (decide) => {
        while (gate.closed !== undefined) await gate.closed;
        return inner.write(decide);
      },
    },
    alone: async (run) => {
      while (gate.closed !== undefined) await gate.closed;
      let open = (): void => undefined;
      gate.closed = new Promise((resolve) => {
        open = resolve;
      });
      try {
        await inner.idle();
        return await run(inner);
      } finally {
        gate.closed = undefined;
        open();
      }
    },
  };
}
