/**
 * The `fetch` that Slack's client is given: every request has a deadline, every answer a largest size, and all can be ended
 * at once. An answer is read to its end here, so that the deadline holds for its body too.
 */
import type { TransportContext } from "@skein/chat";

export interface BoundedFetch {
  readonly fetch: typeof fetch;
  /** Ends what is under way. */
  abort(): void;
}

/** A page of 200 messages with everything in them stays well below. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** When Slack says "too many" and not how long to wait. */
const UNSAID_RETRY_SECONDS = "30";

export function createBoundedFetch(
  services: Pick<TransportContext, "fetch" | "clock">,
  timeoutMs: number,
): BoundedFetch {
  const underWay = new Set<AbortController>();
  return {
    abort: () => {
      for (const one of underWay) one.abort(new Error("ended from this side"));
    },
    fetch: async (input, init) => {
      const ending = new AbortController();
      underWay.add(ending);
      const cancel = services.clock.after(timeoutMs, () => ending.abort(new Error("no answer in time")));
      try {
        const response = await services.fetch(input, { ...init, signal: ending.signal });
        return await readWhole(response);
      } finally {
        cancel();
        underWay.delete(ending);
      }
    },
  };
}

async function readWhole(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Iterating cancels the stream when it is left early.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > ANSWER_BYTES_MAX) throw new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const headers = new Headers(response.headers);
  // Without a number here, the client would throw an error that says nothing of a limit.
  if (response.status === 429 && !/^[0-9]{1,5}$/.test(headers.get("retry-after") ?? "")) {
    headers.set("retry-after", UNSAID_RETRY_SECONDS);
  }
  const body = size === 0 ? null : Buffer.concat(chunks);
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}
