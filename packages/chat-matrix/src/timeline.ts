/**
 * What happened in one room since the last sync, oldest first. Two things are mended here: a sync leaves out the older part when
 * much has happened, and it brings what was written before the account joined.
 */
import type { MatrixApi } from "./api.ts";
import type { JoinedRoom, RoomEvent } from "./events.ts";
import type { Answer } from "./http.ts";

export interface RoomNews {
  readonly events: readonly RoomEvent[];
  /** Display names by MXID, of those who wrote something. */
  readonly names: ReadonlyMap<string, string>;
  /** Why a part of what happened is missing; undefined when nothing is. */
  readonly missing: string | undefined;
}

export interface NewsRequest {
  readonly api: Pick<MatrixApi, "page">;
  readonly room: string;
  readonly news: JoinedRoom;
  readonly since: string;
  readonly userId: string;
  readonly signal: AbortSignal;
}

/** 10,000 events of one room; who was away for more than that has to look for themselves. */
const PAGES_MAX = 100;

export async function newsOf(request: NewsRequest): Promise<Answer<RoomNews>> {
  const { news, userId } = request;
  const recent = news.timeline.events;
  const needsGap = news.timeline.limited && ownJoin(recent, userId) === -1;
  const gap = needsGap ? await readGap(request) : NO_GAP;
  if (gap.type !== "ok") return gap;
  const all = [...gap.value.events, ...recent];
  return {
    type: "ok",
    value: {
      events: all.slice(ownJoin(all, userId) + 1),
      names: namesIn([...news.state.events, ...gap.value.state, ...all]),
      missing: gap.value.missing,
    },
  };
}

/** Did anybody come or go? */
export const changesMembership = (event: RoomEvent): boolean =>
  event.type === "m.room.member" && event.content["membership"] !== event.unsigned?.prev_content?.["membership"];

/** Where the account itself came in for the last time; -1 when it was there all the time. A new display name is no coming in. */
const ownJoin = (events: readonly RoomEvent[], userId: string): number =>
  events.findLastIndex(
    (event) => event.state_key === userId && event.content["membership"] === "join" && changesMembership(event),
  );

interface Gap {
  readonly events: readonly RoomEvent[];
  readonly state: readonly RoomEvent[];
  readonly missing: string | undefined;
}

const NO_GAP: Answer<Gap> = { type: "ok", value: { events: [], state: [], missing: undefined } };

/** From the last sync on to where the new one begins, page by page. */
async function readGap({ api, room, news, since, signal }: NewsRequest): Promise<Answer<Gap>> {
  const events: RoomEvent[] = [];
  const state: RoomEvent[] = [];
  const done = (missing?: string): Answer<Gap> => ({ type: "ok", value: { events, state, missing } });
  const to = news.timeline.prev_batch;
  if (to === undefined) return done("the homeserver does not say where they are");
  const first = news.timeline.events[0]?.event_id;
  let from = since;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await api.page({ room, from, to }, signal);
    if (page.type === "refused" && (page.status === 403 || page.status === 404)) return done(page.message);
    if (page.type !== "ok") return page;
    state.push(...page.value.state);
    const known = page.value.chunk.findIndex(({ event_id }) => event_id === first);
    events.push(...(known === -1 ? page.value.chunk : page.value.chunk.slice(0, known)));
    const { end } = page.value;
    if (known !== -1 || end === undefined || end === from) return done();
    from = end;
  }
  return done("there are too many of them");
}

/** The newest name wins, as the list is in order of time. */
function namesIn(events: readonly RoomEvent[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { type, state_key, content } of events) {
    const name = content["displayname"];
    if (type === "m.room.member" && state_key !== undefined && typeof name === "string") names.set(state_key, name);
  }
  return names;
}
