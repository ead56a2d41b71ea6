/** When the node is asked: at once, after a change, not for each of many, not for nobody, and not by the clock. */
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Answer, Session } from "../session.ts";
import { follow } from "./follow.ts";

interface Stand {
  /** How often the node was asked. */
  readonly asked: () => number;
  readonly answers: Answer<number>[];
  readonly change: () => void;
  readonly connect: (type: "live" | "connecting") => void;
  readonly hide: (hidden: boolean) => void;
  readonly stop: () => void;
}

/** A node that takes so long for each answer. */
function stand(answerMs: number): Stand {
  const changed = signal(0);
  const connection = signal<Session["connection"]["value"]>({ type: "live" });
  const answers: Answer<number>[] = [];
  let asked = 0;
  let isHidden = false;
  const listeners = new Set<() => void>();
  const page = {
    get hidden(): boolean {
      return isHidden;
    },
    addEventListener: (_type: string, listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: string, listener: () => void) => void listeners.delete(listener),
  };
  const query = <T>(): Promise<Answer<T>> => {
    const number: unknown = ++asked;
    return new Promise((resolve) => {
      // The shape is the caller's word, as it is for the node's own answers.
      setTimeout(() => resolve({ ok: true, value: number as T }), answerMs);
    });
  };
  const stop = follow<number>({
    session: { query, connection },
    path: "api/v1/mesh",
    watched: () => void changed.value,
    onAnswer: (answer) => answers.push(answer),
    page: page as Pick<Document, "hidden" | "addEventListener" | "removeEventListener">,
  });
  return {
    asked: () => asked,
    answers,
    change: () => void changed.value++,
    connect: (type) => (connection.value = { type }),
    hide: (hidden) => {
      isHidden = hidden;
      for (const listener of listeners) listener();
    },
    stop,
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("it asks at once, and then only when something changed", async () => {
  const { asked, answers, change, stop } = stand(10);
  expect(asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked(), answers.length]).toEqual([1, 1]);
  change();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([asked(), answers.length]).toEqual([2, 2]);
  stop();
});

test("many changes are few questions, and one that comes while the node answers is not lost", async () => {
  const { asked, change, stop } = stand(100);
  for (let place = 0; place < 50; place++) {
    change();
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(asked()).toBe(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(2);
  stop();
});

test("a node that takes a second to answer is asked every ten", async () => {
  const { asked, change, stop } = stand(1_000);
  for (let place = 0; place < 300; place++) {
    change();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(asked()).toBeLessThanOrEqual(4);
  expect(asked()).toBeGreaterThanOrEqual(3);
  stop();
});

test("nobody looks: nothing is asked until somebody does", async () => {
  const { asked, change, hide, stop } = stand(10);
  await vi.advanceTimersByTimeAsync(5_000);
  hide(true);
  change();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(1);
  hide(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked()).toBe(2);
  stop();
});

test("while the node is away nothing is asked, and once when it is there again", async () => {
  const { asked, change, connect, stop } = stand(10);
  await vi.advanceTimersByTimeAsync(5_000);
  connect("connecting");
  change();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(1);
  connect("live");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked()).toBe(2);
  stop();
});

test("once it is ended nothing is asked and nothing is told", async () => {
  const { asked, answers, change, stop } = stand(10);
  stop();
  change();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked(), answers.length]).toEqual([1, 0]);
});
