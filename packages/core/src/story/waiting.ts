/**
 * Who waits until so much of a client has landed. What lands takes out only those for whom it is enough: members may sign any
 * number of edits that wait for what never comes, and nobody looks at these again.
 */
export interface Waiting<T> {
  add(client: number, end: number, waiter: T): void;
  /** Takes out those that wait for this client up to `end` or less. */
  take(client: number, end: number): readonly T[];
}

interface Place<T> {
  readonly end: number;
  readonly waiter: T;
}

export function createWaiting<T>(): Waiting<T> {
  /** A heap for each client, with whoever waits for the least in front. */
  const heaps = new Map<number, Place<T>[]>();
  return {
    add: (client, end, waiter) => {
      const heap = heaps.get(client) ?? [];
      heaps.set(client, heap);
      push(heap, { end, waiter });
    },
    take: (client, end) => {
      const heap = heaps.get(client) ?? [];
      const taken: T[] = [];
      for (let [first] = heap; first !== undefined && first.end <= end; [first] = heap) {
        taken.push(first.waiter);
        dropFirst(heap);
      }
      if (heap.length === 0) heaps.delete(client);
      return taken;
    },
  };
}

const endAt = (heap: readonly Place<unknown>[], at: number): number => heap[at]?.end ?? Number.POSITIVE_INFINITY;

function push<T>(heap: Place<T>[], place: Place<T>): void {
  let at = heap.length;
  for (let above = (at - 1) >> 1; at > 0 && endAt(heap, above) > place.end; above = (at - 1) >> 1) {
    move(heap, above, at);
    at = above;
  }
  heap[at] = place;
}

function dropFirst<T>(heap: Place<T>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (let below = smaller(heap, at); endAt(heap, below) < last.end; below = smaller(heap, at)) {
    move(heap, below, at);
    at = below;
  }
  heap[at] = last;
}

const smaller = (heap: readonly Place<unknown>[], at: number): number =>
  endAt(heap, 2 * at + 2) < endAt(heap, 2 * at + 1) ? 2 * at + 2 : 2 * at + 1;

function move<T>(heap: Place<T>[], from: number, to: number): void {
  const place = heap[from];
  if (place !== undefined) heap[to] = place;
}
