/**
 * Answers that are no JSON: files, and server-sent events over a request of our own. The browser's EventSource can neither send
 * headers nor say why it was refused. Nothing is asked again by itself: whoever follows something knows where it was.
 */
import type { Answer } from "@skein/client";

/** Where to ask, as the client says it for the node that answers now. */
interface Reach {
  readonly url: string;
  readonly init: RequestInit;
}

export async function download({ url, init }: Reach): Promise<Answer<Blob>> {
  try {
    const answer = await fetch(url, init);
    return answer.ok ? { ok: true, value: await answer.blob() } : { ok: false, error: await refusalIn(answer) };
  } catch (cause) {
    return { ok: false, error: away(cause) };
  }
}

export interface EventListeners {
  /** The data of one event, parsed. */
  readonly onData: (data: unknown) => void;
  /** The last that is heard: with what went wrong, or nothing. */
  readonly onEnd: (error?: { readonly code: string; readonly message: string }) => void;
}

/** Returns the function that ends it; then nothing more is heard. */
export function followEvents({ url, init }: Reach, listeners: EventListeners): () => void {
  const gone = new AbortController();
  const read = async (): Promise<void> => {
    const answer = await fetch(url, { ...init, signal: gone.signal });
    if (!answer.ok || answer.body === null) return listeners.onEnd(await refusalIn(answer));
    const decoder = new TextDecoder();
    const events = createEventReader();
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return listeners.onEnd();
      for (const { name, data } of events.read(decoder.decode(value, { stream: true }))) {
        if (name === "problem") return listeners.onEnd(problemIn(data));
        listeners.onData(data);
      }
    }
  };
  read().catch((cause: unknown) => {
    if (!gone.signal.aborted) listeners.onEnd(away(cause));
  });
  return () => gone.abort();
}

interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

interface EventReader {
  /** The events that end in this piece. */
  read(piece: string): readonly ServerEvent[];
}

export function createEventReader(): EventReader {
  let rest = "";
  return {
    read: (piece) => {
      const parts = (rest + piece).split("\n\n");
      rest = parts.pop() ?? "";
      return parts.flatMap(eventIn);
    },
  };
}

/** Comments, and what is no JSON, are no events. */
function eventIn(text: string): readonly ServerEvent[] {
  const lines = text.split("\n");
  const field = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const data = field("data");
  if (data === undefined) return [];
  try {
    return [{ name: field("event") ?? "message", data: JSON.parse(data) as unknown }];
  } catch {
    return [];
  }
}

const away = (cause: unknown): { readonly code: string; readonly message: string } => ({
  code: "away",
  message: cause instanceof Error ? cause.message : String(cause),
});

async function refusalIn(answer: Response): Promise<{ readonly code: string; readonly message: string }> {
  try {
    const body: unknown = await answer.json();
    return problemIn(typeof body === "object" && body !== null && "error" in body ? body.error : undefined);
  } catch {
    return { code: "unavailable", message: `HTTP ${answer.status}` };
  }
}

function problemIn(data: unknown): { readonly code: string; readonly message: string } {
  if (typeof data === "object" && data !== null && "code" in data && "message" in data) {
    return { code: String(data.code), message: String(data.message) };
  }
  return { code: "unavailable", message: "" };
}
