/** One question or command at a time: what is under way, and why the last one failed. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Answer } from "../../session.ts";
import { plainText } from "../../text.ts";

export interface Asking<W extends string> {
  /** What is under way; nothing else is begun meanwhile. */
  readonly busy: ReadonlySignal<W | undefined>;
  readonly failed: ReadonlySignal<{ readonly what: W; readonly why: string } | undefined>;
  /** The value, or undefined after a failure. The node is the one that served this page: it answers as the caller says. */
  ask<T>(what: W, run: () => Promise<Answer<unknown>>): Promise<T | undefined>;
}

export function useAsking<W extends string>(): Asking<W> {
  return useMemo(() => {
    const busy = signal<W | undefined>(undefined);
    const failed = signal<{ readonly what: W; readonly why: string } | undefined>(undefined);
    return {
      busy,
      failed,
      ask: async <T>(what: W, run: () => Promise<Answer<unknown>>): Promise<T | undefined> => {
        if (busy.peek() !== undefined) return undefined;
        busy.value = what;
        failed.value = undefined;
        const answer = await run();
        busy.value = undefined;
        if (answer.ok) return answer.value as T;
        failed.value = { what, why: plainText(answer.error.message) };
        return undefined;
      },
    };
  }, []);
}
