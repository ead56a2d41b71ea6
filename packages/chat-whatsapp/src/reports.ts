/**
 * What the platform reported about messages while they were being sent. A platform reports within a second; a request whose
 * answer is lost takes twenty to be given up. Then the report has come already, and says what the answer would have said.
 *
 * Nothing is kept beyond the request. A report that comes later, or to another node, is for the one who keeps the outbox.
 */
import type { ChatHost, DeliveryStatus, SendOutcome } from "@skein/chat";

export interface Reports {
  /** Hands in what came by webhook. */
  saw(statuses: readonly DeliveryStatus[]): void;
  /** Sends, and if nobody knows what became of it, asks what was reported under the key meanwhile. */
  during(key: string, send: () => Promise<SendOutcome>): Promise<SendOutcome>;
}

export function createReports(): Reports {
  const watched = new Map<string, DeliveryStatus | undefined>();
  return {
    saw: (statuses) => {
      for (const status of statuses) {
        if (status.key !== null && watched.has(status.key)) watched.set(status.key, status);
      }
    },
    during: async (key, send) => {
      watched.set(key, undefined);
      try {
        const outcome = await send();
        const reported = watched.get(key);
        if (outcome.type !== "uncertain" || reported === undefined) return outcome;
        return reported.status === "failed"
          ? { type: "refused", reason: reported.reason ?? "the platform reports that it failed" }
          : { type: "sent", message: reported.message };
      } finally {
        watched.delete(key);
      }
    },
  };
}

/** The same mesh, with an ear for what is reported to it. */
export const watching = (host: ChatHost, reports: Reports): ChatHost => ({
  receive: (events) => host.receive(events),
  hears: (event) => host.hears(event),
  delivered: (statuses) => {
    reports.saw(statuses);
    host.delivered(statuses);
  },
  trouble: (problem) => host.trouble(problem),
  complete: (beginning, who) => host.complete(beginning, who),
});
