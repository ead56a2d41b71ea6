/**
 * Where the cards of the mesh's graph stand. The start follows from the ids alone and the forces draw no lots, so one mesh looks
 * the same on every screen of one width and after every visit. Pure; it goes in steps, so that whoever draws can do it between
 * two frames.
 */
import {
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from "d3-force";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Graph {
  /** Ids; in any order. */
  readonly nodes: readonly string[];
  readonly links: readonly (readonly [string, string])[];
  /** Room from side to side; as much height is taken as is needed. */
  readonly width: number;
  readonly card: Size;
  /** Room between two cards. */
  readonly gap: Size;
}

export interface Layout {
  /** The middle of each card. */
  readonly at: ReadonlyMap<string, Point>;
  readonly height: number;
}

interface Body extends SimulationNodeDatum {
  readonly id: string;
  x: number;
  y: number;
}

const TICKS = 240;
const TICKS_A_STEP = 12;
const RELAXATIONS = 120;
/** Between a line and a card that it passes, pixels. */
const CLEAR = 14;

/** The last step's result is the layout. */
export function* settling(graph: Graph): Generator<undefined, Layout> {
  const bodies = graph.nodes.toSorted().map((id): Body => ({ id, ...startOf(id, graph) }));
  const known = new Set(graph.nodes);
  const links = graph.links
    .filter(([a, b]) => known.has(a) && known.has(b))
    .map(([source, target]): SimulationLinkDatum<Body> => ({ source, target }));
  const reach = graph.card.width + graph.gap.width;
  const simulation = forceSimulation(bodies)
    .force(
      "link",
      forceLink<Body, SimulationLinkDatum<Body>>(links)
        .id(({ id }) => id)
        .distance(reach * 1.25),
    )
    .force("charge", forceManyBody().strength(-4 * reach))
    .force("x", forceX(0).strength(0.03))
    .force("y", forceY(0).strength(0.16))
    .stop();
  for (let tick = 0; tick < TICKS; tick++) {
    simulation.tick();
    clearLines(bodies, graph, simulation.alpha());
    keepInside(bodies, graph);
    if (tick % TICKS_A_STEP === 0) yield undefined;
  }
  for (let round = 0; round < RELAXATIONS && separate(bodies, graph); round++) keepInside(bodies, graph);
  return placed(bodies, graph);
}

export function layoutOf(graph: Graph): Layout {
  const steps = settling(graph);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Somewhere on a ring, as the id says. */
function startOf(id: string, { width }: Graph): Point {
  let hash = 2_166_136_261;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 16_777_619);
  const turn = ((hash >>> 0) / 2 ** 32) * 2 * Math.PI;
  return { x: Math.cos(turn) * width * 0.3, y: Math.sin(turn) * width * 0.2 };
}

function keepInside(bodies: readonly Body[], { width, card }: Graph): void {
  const side = Math.max(0, (width - card.width) / 2);
  for (const body of bodies) body.x = Math.min(side, Math.max(-side, body.x));
}

/** Pushes a card away from a line between two others: it would look as if the line ended there. */
function clearLines(bodies: readonly Body[], { links, card }: Graph, alpha: number): void {
  const at = new Map(bodies.map((body) => [body.id, body]));
  for (const [a, b] of links) {
    const [from, to] = [at.get(a), at.get(b)];
    if (from === undefined || to === undefined) continue;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = Math.hypot(dx, dy);
    if (length === 0) continue;
    for (const body of bodies) {
      const along = ((body.x - from.x) * dx + (body.y - from.y) * dy) / length ** 2;
      if (body === from || body === to || along <= 0 || along >= 1) continue;
      // How far to the left of the line, in pixels; a card is wider than high, and so is what it needs.
      const away = ((body.y - from.y) * dx - (body.x - from.x) * dy) / length;
      const need = (card.width * Math.abs(dy) + card.height * Math.abs(dx)) / length / 2 + CLEAR;
      if (Math.abs(away) >= need) continue;
      const push = (need - Math.abs(away)) * (away < 0 ? -1 : 1) * Math.min(1, alpha + 0.15);
      body.x -= (push * dy) / length;
      body.y += (push * dx) / length;
    }
  }
}

/** Pushes cards apart that lie on each other, along the shorter way. False when there were none. */
function separate(bodies: readonly Body[], { card, gap, width }: Graph): boolean {
  const room = { width: card.width + gap.width, height: card.height + gap.height };
  // Side by side is no way out where two do not fit beside each other.
  const isNarrow = width < card.width + room.width;
  let moved = false;
  for (const [place, one] of bodies.entries()) {
    for (const other of bodies.slice(place + 1)) {
      const overX = room.width - Math.abs(other.x - one.x);
      const overY = room.height - Math.abs(other.y - one.y);
      if (overX <= 0.5 || overY <= 0.5) continue;
      moved = true;
      if (overX < overY && !isNarrow) shift(one, other, "x", overX);
      else shift(one, other, "y", overY);
    }
  }
  return moved;
}

function shift(one: Body, other: Body, axis: "x" | "y", over: number): void {
  const towards = other[axis] >= one[axis] ? 1 : -1;
  one[axis] -= (towards * over) / 2;
  other[axis] += (towards * over) / 2;
}

function placed(bodies: readonly Body[], { width, card }: Graph): Layout {
  const top = Math.min(0, ...bodies.map(({ y }) => y - card.height / 2));
  const bottom = Math.max(0, ...bodies.map(({ y }) => y + card.height / 2));
  const left = Math.min(0, ...bodies.map(({ x }) => x));
  const right = Math.max(0, ...bodies.map(({ x }) => x));
  // Once settled, in the middle.
  const shiftX = width / 2 - (bodies.length === 1 ? (bodies[0]?.x ?? 0) : (left + right) / 2);
  const at = bodies.map(({ id, x, y }) => [id, { x: Math.round(x + shiftX), y: Math.round(y - top) }] as const);
  return { at: new Map(at), height: Math.ceil(bottom - top) };
}
