/** The mesh as this node sees it (`skein mesh`): the log's members, what is heard of them, and the links that are known. */
import {
  type BoardNode,
  compareText,
  feedOf,
  feedParts,
  type Heads,
  isTicketDead,
  keysOf,
  memberOf,
  type Membership,
  type Mesh,
  type MeshAlarm,
  type MeshIncarnation,
  type MeshInvite,
  type MeshLink,
  type MeshNode,
} from "@skein/core";

import type { Alarm } from "./alarms.ts";
import { type Incidents, KEY_REPLACED } from "./incidents.ts";
import type { LinkFacts, PeerLink } from "./links/peer-link.ts";
import type { Clock } from "./ports.ts";
import type { Heard } from "./presence.ts";

export interface MeshFacts {
  readonly clock: Clock;
  readonly meshId: string;
  /** This node's member id. */
  readonly self: string;
  readonly membership: Membership;
  readonly heads: Heads;
  /** By feed: the first seq with two ops. */
  readonly forks: ReadonlyMap<string, number>;
  readonly nodes: readonly BoardNode[];
  readonly heard: ReadonlyMap<string, Heard>;
  /** Proved links by the peer's key. */
  readonly peers: ReadonlyMap<string, Pick<PeerLink, "facts">>;
  readonly nameOf: (key: string) => string;
  readonly alarms: readonly Alarm[];
  readonly incidents: Incidents;
}

/** Of one member; whoever makes more of them fills no page. */
const INCARNATIONS_LISTED = 5;
const INVITES_LISTED = 50;

export function meshAnswer(facts: MeshFacts): Mesh {
  const { membership, clock, self } = facts;
  const incarnations = incarnationsOf(facts);
  return {
    mesh: facts.meshId,
    name: membership.meshName,
    self,
    now: clock.wallMs(),
    nodes: facts.nodes.map((node) => meshNode(node, incarnations.get(node.id) ?? [], facts)),
    links: linksOf(facts),
    alarms: alarmsOf(facts),
    invites: openInvites(facts),
  };
}

function meshNode(node: BoardNode, incarnations: readonly MeshIncarnation[], facts: MeshFacts): MeshNode {
  const { membership, clock } = facts;
  const { id, name, role, removed, self, alive, version, labels, slots, slotsFree, address, standby = "" } = node;
  const member = membership.members.get(id);
  const heard = facts.heard.get(id);
  const reach = self ? "self" : node.linked ? "direct" : alive ? "relayed" : "none";
  return {
    id,
    name,
    role,
    removed,
    self,
    alive,
    reach,
    version,
    labels,
    slots,
    slotsFree,
    address,
    standby,
    key: member?.key ?? id,
    joinedAt: member?.joinedAt ?? 0,
    heardAgoMs: self ? 0 : heard === undefined ? null : Math.max(0, Math.round(clock.monoMs() - heard.monoMs)),
    skewMs: self ? 0 : heard === undefined ? null : Math.round(heard.beat.wallMs - heard.wallMs),
    load: heard?.beat.load ?? null,
    lowDisk: heard?.beat.lowDisk ?? false,
    earlierKeys: Math.max(0, keysOf(membership, id).length - 1),
    incarnations: incarnations.slice(0, INCARNATIONS_LISTED),
    incarnationCount: incarnations.length,
  };
}

/** By member id; of a feed with two histories the longer one. */
function incarnationsOf({ heads, forks, membership }: MeshFacts): ReadonlyMap<string, readonly MeshIncarnation[]> {
  const feeds = new Map<string, { readonly member: string; readonly incarnation: MeshIncarnation }>();
  for (const head of heads.values()) {
    const { author, incarnation: id, seq } = head;
    const member = memberOf(membership, author)?.id;
    const feed = feedOf(head);
    if (member === undefined) continue;
    const ops = Math.max(seq, feeds.get(feed)?.incarnation.ops ?? 0);
    feeds.set(feed, { member, incarnation: { id, ops, forkedAt: null } });
  }
  const members = new Map<string, MeshIncarnation[]>();
  for (const [feed, { member, incarnation }] of feeds) {
    const known = members.get(member) ?? [];
    known.push({ ...incarnation, forkedAt: forks.get(feed) ?? null });
    members.set(member, known);
  }
  for (const known of members.values()) known.sort((a, b) => b.ops - a.ops || compareText(a.id, b.id));
  return members;
}

const PREFIX_DIGITS = 16;

interface Edge {
  readonly a: string;
  readonly b: string;
  readonly toldBy: Set<string>;
  readonly facts: LinkFacts | undefined;
}

/** This node's own links, and those that nodes which are alive tell of in their beats. */
function linksOf({ membership, nodes, heard, peers, self }: MeshFacts): readonly MeshLink[] {
  const edges = new Map<string, Edge>();
  const add = (from: string, to: string, facts: LinkFacts | undefined): void => {
    if (from === to) return;
    const [a, b] = from < to ? [from, to] : [to, from];
    const known = edges.get(`${a}/${b}`) ?? { a, b, toldBy: new Set<string>(), facts };
    known.toldBy.add(from);
    edges.set(`${a}/${b}`, known);
  };
  for (const [key, link] of peers) {
    const member = memberOf(membership, key);
    if (member !== undefined && member.cut === null) add(self, member.id, link.facts());
  }
  const byPrefix = new Map(nodes.filter(({ removed }) => !removed).map(({ id }) => [id.slice(0, PREFIX_DIGITS), id]));
  for (const { id } of nodes.filter(({ alive, self: isSelf }) => alive && !isSelf)) {
    for (const prefix of heard.get(id)?.beat.links ?? []) {
      const to = byPrefix.get(prefix);
      // What was told before a link of our own came or went is no news about it.
      if (to !== undefined && (to !== self || edges.has(id < self ? `${id}/${self}` : `${self}/${id}`)))
        add(id, to, undefined);
    }
  }
  return [...edges.values()]
    .toSorted((one, other) => compareText(one.a, other.a) || compareText(one.b, other.b))
    .map(({ a, b, toldBy, facts }) => ({
      a,
      b,
      own: facts !== undefined,
      toldBy: [...toldBy].toSorted(compareText),
      rttMs: facts?.rttMs ?? null,
      queuedBytes: facts?.queuedBytes ?? null,
      opsBehind: facts?.opsBehind ?? null,
      upForMs: facts === undefined ? null : Math.round(facts.upForMs),
    }));
}

/** Beside the alarms, what a person should know of a key: it was copied, restored or replaced. */
const TOLD_INCIDENTS: ReadonlySet<string> = new Set(["incarnation", KEY_REPLACED]);

function alarmsOf({ alarms, forks, incidents, membership, nameOf }: MeshFacts): readonly MeshAlarm[] {
  const raised = alarms.map(({ type, message, at }) => ({ type, message, node: "", at }));
  const proved = [...forks].map(([feed, seq]) => {
    const { author, incarnation } = feedParts(feed);
    const message = `${nameOf(author)} wrote two histories under incarnation ${incarnation}: nothing it wrote there from op ${seq} on counts.`;
    return { type: "fork", message, node: memberOf(membership, author)?.id ?? "", at: null };
  });
  const told = incidents
    .list()
    .filter(({ type }) => TOLD_INCIDENTS.has(type))
    .map(({ type, message, lastAt }) => ({ type, message, node: "", at: lastAt }));
  return [...raised, ...proved, ...told];
}

function openInvites({ membership, clock, nameOf }: MeshFacts): readonly MeshInvite[] {
  const now = clock.wallMs();
  return [...membership.invites.values()]
    .filter((invite) => invite.usedBy === null && invite.expires > now && !isTicketDead(membership, invite))
    .map(({ role, expires, by }) => ({ role, expires, by: nameOf(by) }))
    .toSorted((a, b) => a.expires - b.expires)
    .slice(0, INVITES_LISTED);
}
