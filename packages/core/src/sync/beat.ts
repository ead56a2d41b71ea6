/**
 * A beat: "I am alive", signed and ephemeral. It is passed on from node to node and never enters the log.
 *
 * `boot` counts the starts of the node and `counter` the beats since then, so (boot, counter) only ever grows and a
 * repeated beat renews nothing. A beat renews every lease its sender holds.
 */
import { concatBytes, fromHex, toHex } from "../kernel/bytes.ts";
import { decode, encode, type Value } from "../op/codec.ts";
import type { Crypto, Signer } from "../op/crypto.ts";
import { LIMITS } from "../op/limits.ts";
import { HASH_BYTES, isBytes, isMap } from "../op/op.ts";

export interface Beat {
  /** Hex. */
  readonly node: string;
  readonly boot: number;
  readonly counter: number;
  readonly version: string;
  /** Where other nodes may dial it; empty when it does not listen. */
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly slotsFree: number;
  /** Load average of its machine per core, in percent. */
  readonly load: number;
  /** Its disk is almost full. */
  readonly lowDisk: boolean;
  /** Beats come this far apart, ms. */
  readonly intervalMs: number;
  /** What the node is doing, in a few words by item id. */
  readonly activity: Readonly<Record<string, string>>;
  /** The chat accounts that it can speak for; with its cursor when it holds the account's lease, else empty. */
  readonly accounts: Readonly<Record<string, string>>;
  /** Wall time where it was sealed, Unix ms: people are shown how far clocks are apart, and nothing else goes by it. */
  readonly wallMs: number;
  /** Whom the sender is linked to directly: the first 16 hex digits of their member ids. Its own word, for people only. */
  readonly links: readonly string[];
  /** Origin (`http://host:port`) under which other machines may open its board page; empty when it tells none. */
  readonly page: string;
}

const TAG = "skein/beat/4";
const LINK_BYTES = 8;

export function sealBeat(
  mesh: Uint8Array,
  beat: Omit<Beat, "node">,
  signer: Signer,
): { readonly bytes: Uint8Array; readonly signature: Uint8Array } {
  const { boot, counter, version, addresses, labels, slots, slotsFree, load, lowDisk, intervalMs } = beat;
  const bytes = encode([
    TAG,
    mesh,
    signer.publicKey,
    boot,
    counter,
    version,
    addresses,
    labels,
    slots,
    slotsFree,
    load,
    lowDisk,
    intervalMs,
    beat.activity,
    beat.accounts,
    beat.wallMs,
    concatBytes(...beat.links.slice(0, LIMITS.beatLinks).flatMap((id) => fromHex(id.slice(0, 2 * LINK_BYTES)) ?? [])),
    beat.page,
  ]);
  return { bytes, signature: signer.sign(bytes) };
}

/** The beat in these bytes when it is whole, of this mesh and newer than `newest` says; the signature is checked last. */
export function openBeat(
  sealed: { readonly bytes: Uint8Array; readonly signature: Uint8Array },
  mesh: Uint8Array,
  isNewer: (beat: Beat) => boolean,
  crypto: Crypto,
): Beat | undefined {
  const decoded = decode(sealed.bytes, LIMITS.beatBytes);
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 18) return undefined;
  const [
    tag,
    beatMesh,
    key,
    boot,
    counter,
    version,
    addresses,
    labels,
    slots,
    slotsFree,
    load,
    lowDisk,
    intervalMs,
    activity,
    accounts,
    wallMs,
    links,
    page,
  ]: Value[] = decoded.value;
  if (tag !== TAG || !isBytes(beatMesh) || toHex(beatMesh) !== toHex(mesh)) return undefined;
  if (!isBytes(key) || key.length !== HASH_BYTES) return undefined;
  if (!isCount(boot) || !isCount(counter) || !isCount(slots) || !isCount(slotsFree) || !isCount(intervalMs))
    return undefined;
  if (!isCount(load) || typeof lowDisk !== "boolean") return undefined;
  if (typeof wallMs !== "number" || wallMs < 0 || !isBytes(links) || links.length > LIMITS.beatLinks * LINK_BYTES)
    return undefined;
  if (typeof version !== "string" || version.length > LIMITS.nameLength) return undefined;
  if (
    !Array.isArray(addresses) ||
    addresses.length > LIMITS.beatAddresses ||
    !isMap(labels) ||
    !isMap(activity) ||
    !isMap(accounts)
  )
    return undefined;
  if (!isShortText(page ?? null)) return undefined;
  const beat: Beat = {
    node: toHex(key),
    boot,
    counter,
    version,
    addresses: (addresses as readonly Value[]).filter(isShortText),
    labels: shortTexts(labels),
    slots,
    slotsFree,
    load,
    lowDisk,
    intervalMs,
    activity: shortTexts(activity),
    accounts: shortTexts(accounts, LIMITS.beatCursorLength),
    wallMs,
    links: linksIn(links),
    page: typeof page === "string" && isPageOrigin(page) ? page : "",
  };
  if (!isNewer(beat)) return undefined;
  return crypto.verify(key, sealed.bytes, sealed.signature) ? beat : undefined;
}

const linksIn = (bytes: Uint8Array): readonly string[] =>
  Array.from({ length: Math.floor(bytes.length / LINK_BYTES) }, (_, place) =>
    toHex(bytes.subarray(place * LINK_BYTES, (place + 1) * LINK_BYTES)),
  );

const isCount = (value: Value | undefined): value is number => typeof value === "number" && value < 2 ** 31;
const shortTexts = (
  map: { readonly [key: string]: Value },
  maxLength: number = LIMITS.beatTextLength,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) =>
      isShortText(key) && typeof value === "string" && value.length <= maxLength ? [[key, value]] : [],
    ),
  );

/** `https://host:port` and nothing beside, in lower case. Browsers are sent there, and it stands in headers. */
export const isPageOrigin = (text: string): boolean =>
  /^https?:\/\/(?:[a-z0-9.-]{1,200}|\[[0-9a-f:]{2,45}\])(?::[0-9]{1,5})?$/.test(text);

const isShortText = (value: Value): value is string =>
  typeof value === "string" && value.length <= LIMITS.beatTextLength;

/**
 * One number that grows with every beat of a node, over restarts too. A boot number may be drawn from a date (a restored
 * backup), so the two parts together take more than the 53 bits of a double.
 */
export const beatOrder = (beat: Pick<Beat, "boot" | "counter">): bigint =>
  BigInt(beat.boot) * 2n ** 31n + BigInt(beat.counter);
