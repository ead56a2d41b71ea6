/** What the configuration says of an account: where it may be spoken to, by whom, and how loud it is. */
import type { Role } from "@skein/core";

/** How much a room or a person is told. */
export const VERBOSITIES: readonly ["nothing", "important", "stages", "everything"] = [
  "nothing",
  "important",
  "stages",
  "everything",
];
export type Verbosity = (typeof VERBOSITIES)[number];

export interface RoomSettings {
  /** The platform's id of the conversation; `*` for every one that the account is let into. */
  readonly id: string;
  /** The most that anybody may do here. */
  readonly role: Role;
  /** What somebody may do here who is nobody the mesh knows. */
  readonly guests: Role | "none";
  readonly notices: Verbosity;
}

export interface AccountSettings {
  /** `kind/name` */
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly enabled: boolean;
  /** The only node that keeps its connection while it lives; any may when it is empty. */
  readonly pin: string;
  /** What a line begins with that is meant for the mesh, beside a mention. */
  readonly prefixes: readonly string[];
  /** Nobody is heard in a room that is not here. */
  readonly rooms: readonly RoomSettings[];
  /** Roles that verbs need here beyond what the registry asks for. */
  readonly roles: Readonly<Record<string, Role>>;
  /** Verbs that a second person has to confirm. */
  readonly fourEyes: readonly string[];
  /** The node that speaks for it may be silent for so long before another takes over; half a minute when left out. */
  readonly leaseTtlMs?: number;
  /** Of the transport; its kind checks them. */
  readonly settings: unknown;
  readonly secret: (name: string) => string | undefined;
  /** Why a secret is not there, for a person; left out by who does not know. */
  readonly whyNoSecret?: (name: string) => string;
}

export const roomOf = (account: AccountSettings, room: string): RoomSettings | undefined =>
  account.rooms.find(({ id }) => id === room) ?? account.rooms.find(({ id }) => id === "*");

/** A room of two may look like a conversation of two; one that the configuration names is a room. */
export const placeOf = <P extends { readonly room: string; readonly direct: boolean }>(
  place: P,
  account: AccountSettings,
): P => ({
  ...place,
  direct: place.direct && account.rooms.every(({ id }) => id !== place.room),
});
