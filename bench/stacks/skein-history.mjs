// The drafts of whole item histories, as operators and workers would have written them one after another: created,
// started, claimed, submitted, passed, landed. Items go through each stage together, so that feeds are not sorted by item.
import { itemIdFrom } from "@skein/core";

const OID = "0123456789abcdef0123456789abcdef01234567";
const DIGEST = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const EVENTS = [
  (_item, { title, text }) => ({
    kind: "item.create",
    title,
    text,
    type: "story",
    priority: 5,
    labels: [],
    dependsOn: [],
  }),
  () => ({ kind: "item.start" }),
  () => ({ kind: "item.claim", ttl: 60_000 }),
  (item) => ({
    kind: "item.submit",
    feature: { featureBranch: `skein/${item}/1`, tip: OID, tree: OID, commitsAhead: 2 },
  }),
  () => ({
    kind: "item.pass",
    evidence: { tree: OID, runs: [{ argv: ["npm", "test"], exitCode: 0, durationMs: 4_200, outputDigest: DIGEST }] },
  }),
  () => ({ kind: "item.land", commit: OID, at: 1_700_000_000_000 }),
];

/** One draft after the other, each on its item's newest op; beyond six ops an item's text is edited again and again. */
export function* history(replica, { items, opsPerItem, text }) {
  const ids = Array.from({ length: items }, (_, index) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(4, index + 1);
    return itemIdFrom(bytes);
  });
  for (let round = 0; round < opsPerItem; round++) {
    for (const [index, entity] of ids.entries()) {
      const kept = replica.view().items.get(entity);
      const event = EVENTS[round];
      if (event !== undefined) {
        yield { entity, on: kept?.best?.id ?? null, body: event(entity, { title: `item-${index}`, text }) };
      } else {
        const body = { kind: "item.set", field: "text", value: `${text} Revision ${round}.` };
        yield { entity, on: kept.registers.text.id, body };
      }
    }
  }
}
