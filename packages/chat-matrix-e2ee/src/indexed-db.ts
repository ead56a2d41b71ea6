/**
 * The machine that does the encryption keeps its state in IndexedDB, which Node does not have. So it gets one in memory, and
 * here are the two ways between that and a value that can be written to a file: everything out, everything in.
 *
 * Each machine has databases of its own, and when it is closed they are left to be collected with it. To delete them would
 * be to wait for whatever the machine gave out (a device, an identity), as each keeps them open.
 *
 * Only the few parts of the interface that this needs are described; the types of browsers are not Node's.
 */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";

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

export interface Databases {
  dump(): Promise<readonly DatabaseDump[]>;
  restore(dumps: readonly DatabaseDump[]): Promise<void>;
  /** What is opened meanwhile, by whoever takes the global one, is opened here. */
  during<T>(open: () => Promise<T>): Promise<T>;
}

/** The library looks for a global one, so only one machine at a time can be opened. */
let turn: Promise<unknown> = Promise.resolve();

export function createDatabases(): Databases {
  const factory: Factory = new IDBFactory();
  return {
    dump: async () => {
      const dumps: DatabaseDump[] = [];
      for (const { name } of await factory.databases()) {
        if (name !== undefined) dumps.push(await dumpDatabase(name, await settled(factory.open(name))));
      }
      return dumps;
    },
    restore: async (dumps) => {
      for (const dump of dumps) await restoreDatabase(factory, dump);
    },
    during: (open) => {
      const opened = turn.then(() => {
        Object.assign(globalThis, { indexedDB: factory });
        return open();
      });
      turn = opened.catch(() => undefined);
      return opened;
    },
  };
}

async function dumpDatabase(name: string, database: Database): Promise<DatabaseDump> {
  const names = [...database.objectStoreNames];
  // One transaction, so that no other one comes between two stores.
  const transaction = names.length === 0 ? undefined : database.transaction(names, "readonly");
  const stores = await Promise.all(
    names.flatMap((store) => (transaction === undefined ? [] : [dumpStore(store, transaction.objectStore(store))])),
  );
  database.close();
  return { name, version: database.version, stores };
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

async function restoreDatabase(factory: Factory, { name, version, stores }: DatabaseDump): Promise<void> {
  const request = factory.open(name, version);
  request.addEventListener("upgradeneeded", () => stores.forEach((store) => createStore(request.result, store)));
  const database = await settled(request);
  const filled = stores.filter(({ keys }) => keys.length > 0);
  if (filled.length > 0) await fill(database, filled);
  database.close();
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

const settled = <T>(request: Request<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(errorOf(request.error)));
  });

const errorOf = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));
