/**
 * Places in the browser's storage of which each belongs to one tab for as long as that is open. Browsers tell which tab is there
 * by locks, on this machine's own addresses and over TLS; elsewhere all tabs share one place, as if there were only one.
 */

/** Tabs that have one text open and keep their edits; one more keeps nothing, and says so. */
const PLACES = 4;

/** The browser's own, of this origin. `run` hears null when another tab has the lock. */
export interface Locks {
  request(
    name: string,
    options: { readonly ifAvailable: true },
    run: (lock: object | null) => Promise<void> | undefined,
  ): Promise<unknown>;
}

export interface Places {
  /** The place of this tab, held from the first time that it is asked for; undefined when other tabs hold all of them. */
  own(name: string): Promise<string | undefined>;
  /** Runs it for every other place with this name that no tab has now, one after the other. */
  eachFree(name: string, run: (place: string) => Promise<void>): Promise<void>;
  /** Runs it once whatever this tab began before with this name is over. */
  inTurn<T>(name: string, run: () => Promise<T>): Promise<T>;
}

/** `locks` is undefined where browsers have none. */
export function createPlaces(locks: Locks | undefined): Places {
  const held = new Map<string, Promise<string | undefined>>();
  const turns = new Map<string, Promise<unknown>>();
  const own = (name: string): Promise<string | undefined> => {
    const known = held.get(name);
    if (known !== undefined) return known;
    const found = locks === undefined ? Promise.resolve(name) : firstFree(locks, name);
    held.set(name, found);
    // A tab that is there now may be gone the next time.
    void found.then((place) => place === undefined && held.delete(name));
    return found;
  };
  return {
    own,
    eachFree: async (name, run) => {
      const mine = await own(name);
      for (const place of placesOf(name)) {
        if (place === mine) continue;
        await locks?.request(place, FREE, (lock) => (lock === null ? undefined : run(place)));
      }
    },
    inTurn: (name, run) => {
      const done = (turns.get(name) ?? Promise.resolve()).then(run, run);
      turns.set(name, done);
      return done;
    },
  };
}

const FREE = { ifAvailable: true } as const;

/** The first is named as it always was. */
const placesOf = (name: string): readonly string[] =>
  Array.from({ length: PLACES }, (_, at) => (at === 0 ? name : `${name} #${at}`));

async function firstFree(locks: Locks, name: string): Promise<string | undefined> {
  for (const place of placesOf(name)) if (await hold(locks, place)) return place;
  return undefined;
}

/** Until the page is gone. False when another tab has it. */
const hold = (locks: Locks, place: string): Promise<boolean> =>
  new Promise((resolve) => {
    const keep = (lock: object | null): Promise<void> | undefined => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    };
    locks.request(place, FREE, keep).catch(() => resolve(false));
  });
