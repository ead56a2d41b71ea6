/** The nodes as this one sees them: members, and what it heard of each. */
import { type BoardNode, describeStandby, type Member, type Membership, standbyOf } from "@skein/core";

import type { PageBook } from "./page-book.ts";
import type { Presence } from "./presence.ts";

export interface SelfDescription {
  /** Member id. */
  readonly id: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly slotsFree: number;
  readonly address: string;
  /** Origin of its board page; empty when it tells none. */
  readonly page: string;
  readonly wallMs: number;
}

export function listNodes(
  membership: Membership,
  presence: Pick<Presence, "heard" | "isAlive">,
  isLinked: (key: string) => boolean,
  pageOf: PageBook,
  self: SelfDescription,
): readonly BoardNode[] {
  return [...membership.members.values()].map((member) => ({
    ...(member.id === self.id
      ? describeSelf(member, self)
      : { ...describeOther(member, presence, isLinked(member.key)), ...shownPage(pageOf(member.id)) }),
    ...standing(membership, member.id),
  }));
}

function standing(membership: Membership, member: string): Pick<BoardNode, "standby"> {
  const standby = standbyOf({ membership }, member);
  return standby === undefined ? {} : { standby: describeStandby(standby) };
}

const shownPage = (page: string): Pick<BoardNode, "page"> => (page === "" ? {} : { page });

const describeSelf = (member: Member, self: SelfDescription): BoardNode => ({
  id: member.id,
  name: member.name,
  role: member.role,
  removed: member.cut !== null,
  self: true,
  alive: true,
  lastHeardAt: self.wallMs,
  version: self.version,
  labels: self.labels,
  slots: self.slots,
  slotsFree: self.slotsFree,
  address: self.address,
  ...shownPage(self.page),
  linked: true,
});

function describeOther(member: Member, presence: Pick<Presence, "heard" | "isAlive">, linked: boolean): BoardNode {
  const heard = presence.heard().get(member.id);
  return {
    id: member.id,
    name: member.name,
    role: member.role,
    removed: member.cut !== null,
    self: false,
    alive: member.cut === null && presence.isAlive(member.id),
    lastHeardAt: heard === undefined ? null : heard.wallMs,
    version: heard?.beat.version ?? "",
    labels: heard?.beat.labels ?? {},
    slots: heard?.beat.slots ?? 0,
    slotsFree: heard?.beat.slotsFree ?? 0,
    address: heard?.beat.addresses[0] ?? "",
    linked,
  };
}
