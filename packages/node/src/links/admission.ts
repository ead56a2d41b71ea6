/** A joiner proved its ticket and its key: write its join op, unless somebody else was faster with that ticket. */
import {
  err,
  isTicketDead,
  type JoinRequest,
  keyStatus,
  memberOf,
  type Membership,
  MESH_ENTITY,
  ok,
  type RefusalCode,
  type Result,
  type Signer,
  toHex,
} from "@skein/core";

import type { Journal } from "../journal.ts";
import type { Logger } from "../logger.ts";

export interface AdmissionDeps {
  readonly journal: Pick<Journal, "write">;
  /** This node's own key. */
  readonly signer: () => Pick<Signer, "publicKey">;
  readonly membership: () => Membership;
  readonly log: Logger;
}

export interface AdmissionRefusal {
  readonly code: RefusalCode;
  readonly message: string;
}

export async function admit(deps: AdmissionDeps, request: JoinRequest): Promise<Result<void, AdmissionRefusal>> {
  const { key, name, ticket, proof } = request;
  const written = await deps.journal.write<"spent" | "dead" | "stranger">(() => {
    const membership = deps.membership();
    // A log that lost its end may know the ticket and not its own node any more: what that writes counts nowhere.
    if (keyStatus(membership, toHex(deps.signer().publicKey)) !== "current") return err("stranger");
    const invite = membership.invites.get(toHex(ticket));
    if (invite === undefined || invite.usedBy !== null) return err("spent");
    if (isTicketDead(membership, invite)) return err("dead");
    return ok([{ entity: MESH_ENTITY, on: null, body: { kind: "member.join", key, name, ticket, proof } }]);
  });
  if (!written.ok) {
    if (written.error === "stranger")
      return err({
        code: "unknown-ticket",
        message: "this node is no member itself, as far as it knows; try another one",
      });
    if (written.error === "dead")
      return err({ code: "dead-ticket", message: "the member that made the ticket was removed; ask for a new one" });
    return written.error === "spent"
      ? err({ code: "spent-ticket", message: "the ticket was used already; ask for a new one" })
      : err({ code: "not-saved", message: "this node cannot save anything right now; try another one" });
  }
  const member = memberOf(deps.membership(), toHex(key));
  if (member === undefined || member.cut !== null) return err({ code: "bad-proof", message: "the join was not valid" });
  deps.log("info", "member.joined", { name: member.name, role: member.role });
  return ok(undefined);
}
