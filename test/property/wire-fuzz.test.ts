/**
 * Broken bytes against everything that reads from the wire: nothing throws, nothing is accepted that changes the log,
 * nothing takes long. `npm run fuzz -- --count 1000000` runs more of the same and prints what it saw.
 */
import {
  createHandshake,
  decodeMessage,
  digestOf,
  encodeMessage,
  equalBytes,
  type FrameRefusal,
  LIMITS,
  openBeat,
  openFrame,
  toHex,
} from "@skein/core";
import { createPrng, type Prng } from "@skein/core/testing";
import { expect, test } from "vitest";

import { type Corpus, createCorpus, crypto } from "./fuzz/corpus.ts";
import { forge, mutateBytes, mutateValue } from "./fuzz/mutate.ts";

const COUNT = Number(process.env["FUZZ_COUNT"] ?? 50_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
/** Only the command measures: a test that depends on how busy the machine is proves nothing. */
const MEASURES = process.env["FUZZ_COUNT"] !== undefined;
const SLOW_MS = 50;
/** Above this an input is timed again, by itself. */
const DOUBTFUL_MS = 5;

type Outcome = "no message" | "message" | FrameRefusal["type"] | "duplicate";

interface Tally {
  readonly outcomes: Map<string, number>;
  readonly kinds: Map<string, number>;
  slowestMs: number;
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

/** One mutated input, and which way it was made. */
function draw(prng: Prng, corpus: Corpus): readonly [string, Uint8Array] {
  const frames = [...corpus.next, ...corpus.taken];
  const seeds = [...frames, ...corpus.messages, ...corpus.beats.map((beat) => beat.bytes), ...corpus.notorious];
  const kind = prng.int(10);
  const frame = prng.pick(frames);
  if (kind < 2) return ["frame, bytes", mutateBytes(prng, frame, prng.pick(seeds))];
  if (kind < 4) return ["frame, value", mutateValue(prng, frame) ?? frame.slice(1)];
  if (kind < 6) return ["frame, forged", forge(prng, frame) ?? frame.slice(1)];
  if (kind === 6) return ["message, bytes", mutateBytes(prng, prng.pick(corpus.messages), prng.pick(seeds))];
  if (kind === 7) return ["message, value", mutateValue(prng, prng.pick(corpus.messages)) ?? frame.slice(1)];
  if (kind === 8) return ["beat or notorious", mutateBytes(prng, prng.pick(seeds), prng.pick(seeds))];
  return ["as it is", prng.pick(prng.chance(0.5) ? corpus.notorious : corpus.messages)];
}

/** Everything that a peer's bytes come to. Returns how the log answered. */
function feed(corpus: Corpus, input: Uint8Array): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const offer = (bytes: Uint8Array): void => {
    // An honest frame in its place is no mutation; taking it would change what comes after.
    if (corpus.next.some((next) => equalBytes(next, bytes))) return;
    openFrame(bytes, crypto);
    const taken = corpus.replica.take(bytes);
    if (taken.ok && taken.value.type === "taken") throw new Error(`taken: ${toHex(bytes)}`);
    outcomes.push(taken.ok ? "duplicate" : taken.error.type);
  };
  offer(input);
  const handshake = createHandshake(
    "acceptor",
    { mesh: corpus.mesh, signer: corpus.member, name: "us", nonce: new Uint8Array(32), ticket: null },
    crypto,
  );
  const membership = corpus.replica.view().membership;
  for (const step of handshake.receive(input, { membership, wallMs: 0 })) {
    if (step.type === "proved" || step.type === "admit") throw new Error(`proved: ${toHex(input)}`);
  }
  const decoded = decodeMessage(input, LIMITS.messageBytes);
  outcomes.push(decoded.ok ? "message" : "no message");
  const message = decoded.ok ? decoded.value : undefined;
  if (message === undefined) return outcomes;
  encodeMessage(message);
  if (message.type === "frames") for (const bytes of message.frames) offer(bytes);
  if (message.type === "beat") {
    const beat = openBeat(message, corpus.mesh, () => true, crypto);
    const honest = corpus.beats.some(({ bytes }) => equalBytes(bytes, message.bytes));
    if (beat !== undefined && !honest) throw new Error(`a forged beat was believed: ${toHex(input)}`);
  }
  return outcomes;
}

/** The least of a few, so that a busy machine or a collection of garbage is not taken for a slow input. */
function timeOf(corpus: Corpus, input: Uint8Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const startMs = performance.now();
    feed(corpus, input);
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

function run(corpus: Corpus, prng: Prng): Tally {
  const tally: Tally = { outcomes: new Map(), kinds: new Map(), slowestMs: 0 };
  for (let place = 0; place < COUNT; place++) {
    const [kind, input] = draw(prng, corpus);
    count(tally.kinds, kind);
    const startMs = performance.now();
    for (const outcome of feed(corpus, input)) count(tally.outcomes, outcome);
    const tookMs = performance.now() - startMs;
    if (MEASURES && tookMs > tally.slowestMs) {
      const certainMs = tookMs > DOUBTFUL_MS ? timeOf(corpus, input) : tookMs;
      if (certainMs > SLOW_MS) throw new Error(`${certainMs} ms for ${toHex(input)}`);
      tally.slowestMs = Math.max(tally.slowestMs, certainMs);
    }
  }
  return tally;
}

test(
  `${COUNT} broken messages and frames throw nothing and change nothing`,
  () => {
    const corpus = createCorpus();
    const digest = digestOf(corpus.replica.view(), crypto);
    const [ops, heads] = [corpus.replica.opCount(), JSON.stringify([...corpus.replica.heads()])];
    const rssBefore = process.memoryUsage().rss;
    const startMs = performance.now();
    const tally = run(corpus, createPrng(SEED));
    if (MEASURES) print(tally, performance.now() - startMs, process.memoryUsage().rss - rssBefore);
    expect(corpus.replica.opCount()).toBe(ops);
    expect(JSON.stringify([...corpus.replica.heads()])).toBe(heads);
    expect(digestOf(corpus.replica.view(), crypto)).toBe(digest);
    expect(Object.keys(Object.prototype)).toEqual([]);
    // The mutations reach every check there is, the signature too: a fuzzer that only breaks the first byte shows nothing.
    expect([...tally.outcomes.keys()].toSorted()).toEqual(
      expect.arrayContaining([
        "bad-lamport",
        "bad-signature",
        "broken-chain",
        "duplicate",
        "gap",
        "malformed-frame",
        "malformed-op",
        "message",
        "missing-dependency",
        "no message",
        "not-a-member",
        "wrong-mesh",
      ]),
    );
    // And the frames are refused for what was done to them: as they are, they are taken.
    for (const bytes of corpus.next) expect(corpus.replica.take(bytes)).toMatchObject({ ok: true });
  },
  60_000 + COUNT * 3,
);

function print({ outcomes, kinds, slowestMs }: Tally, tookMs: number, rssBytes: number): void {
  const table = (map: ReadonlyMap<string, number>): string =>
    [...map]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, times]) => `  ${name.padEnd(20)}${times.toLocaleString("en").padStart(12)}`)
      .join("\n");
  console.log(
    `${COUNT.toLocaleString("en")} inputs from seed ${SEED} in ${(tookMs / 1_000).toFixed(1)} s, ` +
      `slowest ${slowestMs.toFixed(1)} ms, memory ${(rssBytes / 2 ** 20).toFixed(0)} MiB more\n` +
      `made by\n${table(kinds)}\nanswered with\n${table(outcomes)}`,
  );
}
