/**
 * Looks a host up and hides the addresses that must not be reached. A name is judged by what it stands for at the moment
 * of connecting: whoever owns it may have it point somewhere else a second later (DNS rebinding).
 */
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

export function guardedLookup(mayReach: (ip: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (problem, addresses) => {
      if (problem !== null) return callback(problem, "", 0);
      const allowed = addresses.filter(({ address }) => mayReach(address));
      const [first] = allowed;
      if (first === undefined) {
        const refused: NodeJS.ErrnoException = new Error(`${hostname} stands for an address that is not dialed`);
        refused.code = "EACCES";
        return callback(refused, "", 0);
      }
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}
