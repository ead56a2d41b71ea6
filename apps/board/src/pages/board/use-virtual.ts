/** A long list of which only what is in sight is drawn: TanStack's virtualizer, bound to a component. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useReducer } from "preact/hooks";

export interface VirtualList {
  readonly scroller: RefObject<HTMLElement>;
  readonly keys: readonly string[];
  /** Height in pixels until a row has been measured. */
  readonly estimate: (index: number) => number;
  readonly gap: number;
}

export function useVirtual({ scroller, keys, estimate, gap }: VirtualList): Virtualizer<HTMLElement, HTMLElement> {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const options: VirtualizerOptions<HTMLElement, HTMLElement> = {
    count: keys.length,
    getScrollElement: () => scroller.current,
    estimateSize: estimate,
    getItemKey: (index) => keys[index] ?? index,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined),
    overscan: 6,
    gap,
  };
  // What it was made with is replaced below, at every drawing.
  const list = useMemo(() => new Virtualizer(options), []);
  list.setOptions(options);
  // Its name for what a binding has to call; there is no other.
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => list._didMount(), [list]);
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => list._willUpdate());
  return list;
}
