/**
 * Who may hold a connection to this node. There are so many places in all and so many for one address; a newcomer that
 * finds them taken gets the place of whoever has waited longest without proving its key. So silent sockets, however
 * many, cost nobody a link: they only push each other out.
 */
import { neighborhoodOf } from "@skein/node";

import { isLoopback } from "./address.ts";

export interface Place {
  /** The peer has proved its key: the place is its own from now on. */
  keep(): void;
  leave(): void;
}

export interface Places {
  /** Undefined when all places are taken by proved peers. `evict` is called when a newcomer takes over the place. */
  take(address: string, evict: () => void): Place | undefined;
}

export interface PlacesOptions {
  readonly total: number;
  readonly perAddress: number;
  /** Addresses that many nodes share, such as the one of a proxy. Loopback always is one. */
  readonly sharedAddresses: readonly string[];
}

interface Guest {
  readonly neighborhood: string;
  readonly evict: () => void;
  proved: boolean;
}

export function createPlaces({ total, perAddress, sharedAddresses }: PlacesOptions): Places {
  /** In the order of arrival. */
  const guests = new Set<Guest>();
  const shared = new Set(sharedAddresses.map(neighborhoodOf));

  const makeRoom = (among: readonly Guest[], limit: number): boolean => {
    if (among.length < limit) return true;
    const waitedLongest = among.find((guest) => !guest.proved);
    if (waitedLongest === undefined) return false;
    guests.delete(waitedLongest);
    waitedLongest.evict();
    return true;
  };

  return {
    take: (address, evict) => {
      const neighborhood = neighborhoodOf(address);
      const isShared = isLoopback(address) || shared.has(neighborhood);
      const neighbors = isShared ? [] : [...guests].filter((guest) => guest.neighborhood === neighborhood);
      if (!makeRoom(neighbors, perAddress) || !makeRoom([...guests], total)) return undefined;
      const guest: Guest = { neighborhood, evict, proved: false };
      guests.add(guest);
      return {
        keep: () => {
          guest.proved = true;
        },
        leave: () => {
          guests.delete(guest);
        },
      };
    },
  };
}
