/** What the mesh page says of nodes and links, as plain words and states. Pure. */
import type { BoardItem, MeshLink, MeshNode } from "@skein/core";

import { plainText } from "../../text.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { durationText } from "../../texts/units.ts";

export type State = "good" | "warn" | "bad" | "off";

export const nameOf = ({ name, id }: Pick<MeshNode, "name" | "id">): string => plainText(name) || id.slice(0, 8);

export function stateOf(node: MeshNode): { readonly state: State; readonly word: string } {
  if (node.removed) return { state: "off", word: meshTexts.removed };
  if (!node.alive) {
    const word = node.heardAgoMs === null ? meshTexts.neverHeard : meshTexts.silentFor(node.heardAgoMs);
    return { state: "bad", word };
  }
  if (node.standby !== "") return { state: "warn", word: plainText(node.standby) };
  if (node.lowDisk) return { state: "warn", word: meshTexts.lowDisk };
  return { state: "good", word: node.self ? meshTexts.thisNode : meshTexts.alive };
}

export function reachOf({ self, reach }: Pick<MeshNode, "self" | "reach">): string {
  if (self) return meshTexts.thisNode;
  return reach === "direct" ? meshTexts.direct : reach === "relayed" ? meshTexts.relayed : meshTexts.none;
}

/** Beats take their time, so less than a second says nothing about a clock. */
const IN_STEP_MS = 1_000;

export function clockOf({ self, skewMs }: Pick<MeshNode, "self" | "skewMs">): {
  readonly word: string;
  readonly odd: boolean;
} {
  if (self) return { word: "", odd: false };
  if (skewMs === null) return { word: meshTexts.clockUnknown, odd: false };
  if (Math.abs(skewMs) < IN_STEP_MS) return { word: meshTexts.inStep, odd: false };
  return { word: skewMs > 0 ? meshTexts.ahead(skewMs) : meshTexts.behind(-skewMs), odd: true };
}

/** What each node holds now, by its id, the most urgent first as the board has it. */
export function heldItems(items: ReadonlyMap<string, BoardItem>): ReadonlyMap<string, readonly BoardItem[]> {
  const held = new Map<string, BoardItem[]>();
  for (const item of items.values()) {
    if (item.claim === null) continue;
    const known = held.get(item.claim.node) ?? [];
    known.push(item);
    held.set(item.claim.node, known);
  }
  return held;
}

export function linkWords({ rttMs, opsBehind, own }: MeshLink): string {
  return own ? meshTexts.linkLabel(rttMs === null ? "" : durationText(rttMs), opsBehind) : "";
}
