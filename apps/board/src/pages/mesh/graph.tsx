/**
 * The mesh as cards with lines between them. Where they stand is worked out between frames (layout.ts); they glide to their new
 * places, or are simply there when somebody asked for less motion. A line as thick as it is near, and of another colour while the
 * other end lacks ops.
 */
import { useSignal } from "@preact/signals";
import type { BoardItem, Mesh, MeshLink, MeshNode } from "@skein/core";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { plainText } from "../../text.ts";
import { meshTexts } from "../../texts/mesh.ts";
import { clockOf, linkWords, nameOf, stateOf } from "./facts.ts";
import { type Graph, type Layout, type Point, settling, type Size } from "./layout.ts";

export interface GraphProps {
  readonly mesh: Mesh;
  readonly held: ReadonlyMap<string, readonly BoardItem[]>;
  readonly chosen: string | undefined;
  readonly onChoose: (node: string) => void;
}

const CARD: Size = { width: 184, height: 84 };
/** When there are many, or little room. */
const SMALL_CARD: Size = { width: 136, height: 48 };
const MANY = 16;
const NARROW = 640;

export function MeshGraph({ mesh, held, chosen, onChoose }: GraphProps): JSX.Element {
  const room = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useLayoutEffect(() => {
    const measure = (): void => void (width.value = room.current?.clientWidth ?? 0);
    measure();
    const observer = new ResizeObserver(measure);
    if (room.current !== null) observer.observe(room.current);
    return () => observer.disconnect();
  }, []);
  const nodes = mesh.nodes.filter(({ removed }) => !removed);
  const isSmall = nodes.length > MANY || width.value < NARROW;
  const card = isSmall ? SMALL_CARD : CARD;
  const layout = useLayout({
    nodes: nodes.map(({ id }) => id),
    links: mesh.links.map(({ a, b }) => [a, b] as const),
    width: width.value,
    card,
    gap: isSmall ? { width: 36, height: 34 } : { width: 84, height: 44 },
  });
  return (
    <figure class="mesh-graph">
      <figcaption class="quiet">{meshTexts.graphHelp}</figcaption>
      <div ref={room} class="mesh-room" data-small={isSmall} style={{ height: `${layout?.height ?? card.height}px` }}>
        {layout === undefined ? null : (
          <>
            <Lines links={mesh.links} layout={layout} width={width.value} chosen={chosen} />
            <ul>
              {nodes.map((node) => (
                <NodeCard
                  key={node.id}
                  node={node}
                  at={layout.at.get(node.id)}
                  card={card}
                  held={held.get(node.id) ?? []}
                  isSmall={isSmall}
                  isChosen={node.id === chosen}
                  onChoose={onChoose}
                />
              ))}
            </ul>
          </>
        )}
      </div>
    </figure>
  );
}

interface LinesProps {
  readonly links: readonly MeshLink[];
  readonly layout: Layout;
  readonly width: number;
  readonly chosen: string | undefined;
}

/** The table of links says the same in words. */
function Lines({ links, layout, width, chosen }: LinesProps): JSX.Element {
  return (
    <svg class="mesh-lines" width={width} height={layout.height} aria-hidden="true">
      {links.map((link) => {
        const [from, to] = [layout.at.get(link.a), layout.at.get(link.b)];
        if (from === undefined || to === undefined) return null;
        const near = link.a === chosen || link.b === chosen;
        return (
          <g
            key={`${link.a}/${link.b}`}
            class="mesh-line"
            data-own={link.own}
            data-near={near}
            data-behind={(link.opsBehind ?? 0) > 0}
          >
            <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} stroke-width={thickness(link)} />
            <text x={(from.x + to.x) / 2} y={(from.y + to.y) / 2} dy="0.35em" text-anchor="middle">
              {linkWords(link)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** The nearer the thicker: from 4 for the same machine to 1.5 for the other end of the world. */
const thickness = ({ own, rttMs }: MeshLink): number =>
  own ? 4 - Math.min(2.5, Math.log10(1 + (rttMs ?? 30)) * 1.1) : 1.5;

interface CardProps {
  readonly node: MeshNode;
  readonly at: Point | undefined;
  readonly card: Size;
  readonly held: readonly BoardItem[];
  readonly isSmall: boolean;
  readonly isChosen: boolean;
  readonly onChoose: (node: string) => void;
}

const SLOTS_DRAWN = 8;

function NodeCard({ node, at, card, held, isSmall, isChosen, onChoose }: CardProps): JSX.Element | null {
  if (at === undefined) return null;
  const { state, word } = stateOf(node);
  const clock = clockOf(node);
  const busy = Math.max(0, node.slots - node.slotsFree);
  const place = `translate(${at.x - card.width / 2}px, ${at.y - card.height / 2}px)`;
  return (
    <li class="mesh-place" style={{ transform: place, width: `${card.width}px`, height: `${card.height}px` }}>
      <button
        type="button"
        class="mesh-card"
        data-state={state}
        data-self={node.self}
        aria-pressed={isChosen}
        onClick={() => onChoose(node.id)}
      >
        <span class="mesh-card-head">
          <span class="dot" aria-hidden="true" />
          <bdi class="mesh-name">{nameOf(node)}</bdi>
          <span class="quiet">{node.role}</span>
        </span>
        <span class="mesh-card-line">
          <bdi>{word}</bdi>
          {clock.odd && !isSmall ? <span class="mesh-odd">{clock.word}</span> : null}
        </span>
        {isSmall ? null : (
          <span class="mesh-card-line">
            <span class="mesh-slots" hidden={node.slots === 0} title={meshTexts.slotsFree(node.slotsFree, node.slots)}>
              {Array.from({ length: Math.min(SLOTS_DRAWN, node.slots) }, (_, place) => (
                <i key={place} data-busy={place < busy} />
              ))}
            </span>
            <bdi class="mesh-held quiet">
              {node.slots === 0 ? meshTexts.noSlots : held.map(({ title }) => plainText(title)).join(", ")}
            </bdi>
          </span>
        )}
      </button>
    </li>
  );
}

const FRAME_MS = 6;
const GLIDE_MS = 380;

/** Undefined until the first one has settled. */
function useLayout(graph: Graph): Layout | undefined {
  const layout = useSignal<Layout | undefined>(undefined);
  const shape = JSON.stringify([graph.nodes.toSorted(), graph.links, graph.width, graph.card]);
  useEffect(() => {
    if (graph.width === 0) return undefined;
    const steps = settling(graph);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let frame = 0;
    const turn = (): void => {
      const untilMs = performance.now() + FRAME_MS;
      while (performance.now() < untilMs) {
        const step = steps.next();
        if (step.done !== true) continue;
        frame = glide(layout.peek(), step.value, (now) => (layout.value = now));
        return;
      }
      timer = setTimeout(turn, 0);
    };
    turn();
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [shape]);
  return layout.value;
}

/** Returns the frame that is asked for first. */
function glide(from: Layout | undefined, to: Layout, show: (layout: Layout) => void): number {
  if (from === undefined || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    show(to);
    return 0;
  }
  const startedMs = performance.now();
  const draw = (nowMs: number): void => {
    const part = Math.min(1, Math.max(0, (nowMs - startedMs) / GLIDE_MS));
    const eased = 1 - (1 - part) ** 3;
    show({
      height: to.height,
      at: new Map([...to.at].map(([id, point]) => [id, between(from.at.get(id), point, eased)])),
    });
    if (part < 1) requestAnimationFrame(draw);
  };
  return requestAnimationFrame(draw);
}

const between = (from: Point | undefined, to: Point, part: number): Point =>
  from === undefined ? to : { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
