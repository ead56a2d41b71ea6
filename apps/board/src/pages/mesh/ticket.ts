/** A ticket as the node answers it, and the command that joins with it. Pure. */

export interface Ticket {
  readonly ticket: string;
  readonly role: string;
  /** Unix ms. */
  readonly expires: number;
  /** Where the node that made it listens for peers. */
  readonly addresses: readonly string[];
}

/** Undefined for what is no ticket. */
export function ticketIn(answer: unknown): Ticket | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { ticket, role, expires, addresses } = answer as Readonly<Record<string, unknown>>;
  if (typeof ticket !== "string" || typeof role !== "string" || typeof expires !== "number") return undefined;
  const told: readonly unknown[] = Array.isArray(addresses) ? addresses : [];
  return { ticket, role, expires, addresses: told.filter((one) => typeof one === "string") };
}

/** Each part is one word of a shell: an address that is none is left out. */
const ADDRESS = /^wss?:\/\/[A-Za-z0-9.:[\]_-]+(?:\/[A-Za-z0-9._~/-]*)?$/;

/** An agent's machine is there to work. Everybody else is a person, who wants to see the board. */
export const getsPage = (role: string): boolean => role !== "agent";

export function commandFor({ ticket, role, addresses }: Ticket): string {
  const known = addresses.filter((address) => ADDRESS.test(address));
  const rendezvous = (known.length === 0 ? ["ws://HOST:PORT"] : known).map((address) => `--rendezvous ${address}`);
  return [`npx skein ${getsPage(role) ? "up" : "agent"}`, ...rendezvous, `--ticket ${ticket}`].join(" ");
}

/** Nobody on another machine reaches any of them. */
export const isLocal = ({ addresses }: Pick<Ticket, "addresses">): boolean =>
  addresses.length > 0 &&
  addresses.every((address) => /^wss?:\/\/(?:127\.|localhost[:/]|localhost$|\[::1\])/.test(address));
