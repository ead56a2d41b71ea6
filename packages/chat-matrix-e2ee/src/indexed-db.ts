/**
 * The machine that does the encryption keeps its state in IndexedDB, which Node does not have. So it gets one in memory, and
 * here are the two ways between that and a value that can be written to a file: everything out, everything in.
 *
 * Only the few parts of the interface that this needs are described; the types of browsers are not Node's.
 */
import "fake-indexeddb/auto";

export interface DatabaseDump {
  readonly name: string;
  readonly version: number;
  readonly stores: readonly StoreDump[];
}

interface StoreDump {
  readonly name: string;
  readonly options: StoreOptions;
  readonly indexes: readonly IndexDump[];
  readonly keys: readonly unknown[];
  readonly values: readonly unknown[];
}

interface IndexDump {
  readonly name: string;
  readonly keyPath: unknown;
  readonly options: { readonly unique: boolean; readonly multiEntry: boolean };
}

interface StoreOptions {
  readonly keyPath: unknown;
  readonly autoIncrement: boolean;
}

interface Events {
  addEventListener(type: string, listener: () => void): void;
}

interface Request<T> extends Events {
  readonly result: T;
  readonly error: unknown;
}

interface Factory {
  databases(): Promise<readonly { readonly name?: string; readonly version?: number }[]>;
  open(name: string, version?: number): Request<Database>;
  deleteDatabase(name: string): Request<unknown>;
}

interface Database {
  readonly version: number;
  readonly objectStoreNames: Iterable<string>;
  transaction(stores: readonly string[], mode: "readonly" | "readwrite"): Transaction;
  createObjectStore(name: string, options: StoreOptions): ObjectStore;
  close(): void;
}

interface Transaction extends Events {
  readonly error: unknown;
  objectStore(name: string): ObjectStore;
}

interface ObjectStore extends StoreOptions {
  readonly indexNames: Iterable<string>;
  index(name: string): { readonly keyPath: unknown; readonly unique: boolean; readonly multiEntry: boolean };
  createIndex(name: string, keyPath: unknown, options: IndexDump["options"]): unknown;
  getAll(): Request<readonly unknown[]>;
  getAllKeys(): Request<readonly unknown[]>;
  put(value: unknown, key?: unknown): unknown;
}

/** Databases of one machine; the library makes their names out of this one. */
const belongsTo = (name: string, machine: string): boolean => name.startsWith(`${machine}::`);

export async function dumpDatabases(machine: string): Promise<readonly DatabaseDump[]> {
  const dumps: DatabaseDump[] = [];
  for (const name of await namesOf(machine)) {
    const database = await settled(factory().open(name));
    const names = [...database.objectStoreNames];
    // One transaction, so that no other one comes between two stores.
    const transaction = names.length === 0 ? undefined : database.transaction(names, "readonly");
    const stores = await Promise.all(
      names.flatMap((store) => (transaction === undefined ? [] : [dumpStore(store, transaction.objectStore(store))])),
    );
    dumps.push({ name: name.slice(machine.length), version: database.version, stores });
    database.close();
  }
  return dumps;
}

async function dumpStore(name: string, store: ObjectStore): Promise<StoreDump> {
  const { keyPath, autoIncrement } = store;
  const indexes = [...store.indexNames].map((index): IndexDump => {
    const { keyPath: path, unique, multiEntry } = store.index(index);
    return { name: index, keyPath: path, options: { unique, multiEntry } };
  });
  const [keys, values] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
  return { name, options: { keyPath, autoIncrement }, indexes, keys, values };
}

export async function restoreDatabases(machine: string, dumps: readonly DatabaseDump[]): Promise<void> {
  for (const { name, version, stores } of dumps) {
    const request = factory().open(machine + name, version);
    request.addEventListener("upgradeneeded", () => stores.forEach((store) => createStore(request.result, store)));
    const database = await settled(request);
    const filled = stores.filter(({ keys }) => keys.length > 0);
    if (filled.length > 0) await fill(database, filled);
    database.close();
  }
}

function createStore(database: Database, { name, options, indexes }: StoreDump): void {
  const store = database.createObjectStore(name, options);
  for (const index of indexes) store.createIndex(index.name, index.keyPath, index.options);
}

function fill(database: Database, stores: readonly StoreDump[]): Promise<void> {
  const transaction = database.transaction(
    stores.map(({ name }) => name),
    "readwrite",
  );
  for (const { name, options, keys, values } of stores) {
    const store = transaction.objectStore(name);
    // A store whose keys are part of its values takes none beside.
    for (const [at, value] of values.entries()) {
      if (options.keyPath === null) store.put(value, keys[at]);
      else store.put(value);
    }
  }
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(errorOf(transaction.error)));
  });
}

/**
 * Whatever the machine gave out (a device, an identity) keeps the databases open until it is collected. They are deleted when
 * the last one is; that may be long after this resolves.
 */
export async function deleteDatabases(machine: string): Promise<void> {
  for (const name of await namesOf(machine)) {
    const request = factory().deleteDatabase(name);
    await new Promise<void>((resolve, reject) => {
      request.addEventListener("success", () => resolve());
      request.addEventListener("blocked", () => resolve());
      request.addEventListener("error", () => reject(errorOf(request.error)));
    });
  }
}

async function namesOf(machine: string): Promise<readonly string[]> {
  const known = await factory().databases();
  return known.flatMap(({ name }) => (name !== undefined && belongsTo(name, machine) ? [name] : []));
}

function factory(): Factory {
  const scope: { readonly indexedDB?: Factory } = globalThis as { readonly indexedDB?: Factory };
  if (scope.indexedDB === undefined) throw new Error("there is no IndexedDB");
  return scope.indexedDB;
}

const settled = <T>(request: Request<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(errorOf(request.error)));
  });

const errorOf = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));
