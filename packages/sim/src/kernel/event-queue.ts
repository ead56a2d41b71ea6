/** A binary heap of events by time, then by the order in which they were put in. */
export interface QueuedEvent {
  readonly atMs: number;
  readonly order: number;
}

export interface EventQueue<E extends QueuedEvent> {
  put(event: E): void;
  /** The earliest event, taken out. */
  take(): E | undefined;
  peek(): E | undefined;
  readonly size: number;
}

export function createEventQueue<E extends QueuedEvent>(): EventQueue<E> {
  const heap: E[] = [];
  const before = (a: E, b: E): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  const rise = (event: E): void => {
    let hole = heap.length;
    heap.push(event);
    while (hole > 0) {
      const up = (hole - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(event, parent)) break;
      heap[hole] = parent;
      hole = up;
    }
    heap[hole] = event;
  };
  const sink = (event: E): void => {
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const down = b !== undefined && before(b, a) ? left + 1 : left;
      const child = down === left ? a : b;
      if (child === undefined || !before(child, event)) break;
      heap[hole] = child;
      hole = down;
    }
    heap[hole] = event;
  };

  return {
    put: rise,
    peek: () => heap[0],
    get size(): number {
      return heap.length;
    },
    take: () => {
      const first = heap[0];
      const last = heap.pop();
      if (first !== undefined && last !== undefined && heap.length > 0) sink(last);
      return first;
    },
  };
}
