/**
 * Finds damage in the middle of a write-ahead log, where SQLite sees only its end.
 *
 * SQLite reads the file up to the first frame whose sum does not fit and forgets the rest, because that is what a crash
 * leaves. A bit that flipped on the disk looks the same to it: acknowledged transactions would be gone without a word, and
 * this node would write its next op under a number it has used before. The difference: a transaction begins only after
 * the one before was synced. So a crash leaves nothing behind a commit, except what an older generation (salt) left there,
 * and damage does. Damage in the very last transaction cannot be told from a crash here; peers that hold this node's ops
 * tell.
 */
import { readFileSync } from "node:fs";

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x37_7f_06_82;

/** One clause saying what is wrong, undefined when nothing is. Format: https://sqlite.org/fileformat2.html#walformat */
export function damageInWriteAheadLog(file: string): string | undefined {
  const bytes = readFileSync(file);
  // Shorter: killed before the first transaction. The header is synced before anything follows it.
  if (bytes.length <= HEADER_BYTES) return undefined;
  const magic = bytes.readUInt32BE(0);
  const isBigEndian = magic === MAGIC + 1;
  const pageBytes = bytes.readUInt32BE(8);
  const sum = addTo([0, 0], bytes.subarray(0, 24), isBigEndian);
  const isHeader =
    (magic === MAGIC || isBigEndian) && pageBytes === 4_096 && equals(sum, bytes, 24) && bytes.length > HEADER_BYTES;
  if (!isHeader) return "the head of its write-ahead log";
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const salt = bytes.subarray(16, 24);
  const isOfThisGeneration = (at: number): boolean => salt.equals(bytes.subarray(at + 8, at + 16));

  let running: Sum = sum;
  let at = HEADER_BYTES;
  for (; at + frameBytes <= bytes.length && isOfThisGeneration(at); at += frameBytes) {
    const next = addTo(
      addTo(running, bytes.subarray(at, at + 8), isBigEndian),
      bytes.subarray(at + FRAME_HEADER_BYTES, at + frameBytes),
      isBigEndian,
    );
    if (!equals(next, bytes, at + 16)) break;
    running = next;
  }
  // The frame at the break counts for its commit mark even when its salt is what broke.
  let committed = false;
  for (; at + frameBytes <= bytes.length; at += frameBytes) {
    if (committed && isOfThisGeneration(at)) return "its write-ahead log, in the middle";
    committed ||= isCommit(bytes, at);
  }
  return undefined;
}

/** The frame ends a transaction: it names the size of the database after it. */
const isCommit = (bytes: Buffer, at: number): boolean => bytes.readUInt32BE(at + 4) !== 0;

type Sum = readonly [number, number];

/** SQLite's sum: two running 32-bit numbers over pairs of words. */
function addTo([first, second]: Sum, bytes: Buffer, isBigEndian: boolean): Sum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + view.getUint32(at, !isBigEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, !isBigEndian) + a) >>> 0;
  }
  return [a, b];
}

const equals = ([first, second]: Sum, bytes: Buffer, at: number): boolean =>
  bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second;
