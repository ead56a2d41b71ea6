/**
 * The last answers that commits gave, by their question: a commit never changes, so neither does what follows from it alone.
 * Failures are asked again.
 */
import type { Result } from "@skein/core";

type Ask<Q, A, E> = (question: Q, signal: AbortSignal) => Promise<Result<A, E>>;

/** `keyOf` names everything that the answer follows from; `most` answers are kept, of those the ones asked for last. */
export function remembered<Q, A, E>(most: number, keyOf: (question: Q) => string, ask: Ask<Q, A, E>): Ask<Q, A, E> {
  const answers = new Map<string, Result<A, E>>();
  return async (question, signal) => {
    const key = keyOf(question);
    const answer = answers.get(key) ?? (await ask(question, signal));
    answers.delete(key);
    if (!answer.ok) return answer;
    answers.set(key, answer);
    const [oldest] = answers.keys();
    if (answers.size > most && oldest !== undefined) answers.delete(oldest);
    return answer;
  };
}
