import { expect, test } from "vitest";

import type { MatrixApi, PageRequest } from "./api.ts";
import type { JoinedRoom, Page, RoomEvent } from "./events.ts";
import type { Answer } from "./http.ts";
import { newsOf, type RoomNews } from "./timeline.ts";

const BOT = "@bot:example.org";

const message = (n: number): RoomEvent => ({
  event_id: `$${n}`,
  type: "m.room.message",
  sender: "@ada:example.org",
  origin_server_ts: n,
  content: { body: String(n) },
});

const membership = (user: string, now: string, before?: string, displayname?: string): RoomEvent => ({
  ...message(0),
  event_id: `$${user}-${now}-${before ?? ""}-${displayname ?? ""}`,
  type: "m.room.member",
  state_key: user,
  content: { membership: now, ...(displayname === undefined ? {} : { displayname }) },
  ...(before === undefined ? {} : { unsigned: { prev_content: { membership: before } } }),
});

const room = (events: readonly RoomEvent[], more: { limited?: boolean; prev_batch?: string } = {}): JoinedRoom => ({
  timeline: { events, limited: false, ...more },
  state: { events: [] },
  summary: {},
});

interface Read {
  readonly answer: Answer<RoomNews>;
  readonly asked: readonly PageRequest[];
}

/** Reads what is new with a homeserver that has these pages, the older first. */
async function read(news: JoinedRoom, pages: readonly Answer<Page>[] = []): Promise<Read> {
  const asked: PageRequest[] = [];
  const page: MatrixApi["page"] = (request) => {
    asked.push(request);
    return Promise.resolve(pages[asked.length - 1] ?? { type: "unclear", reason: "no such page" });
  };
  const api: Pick<MatrixApi, "page"> = { page };
  const signal = new AbortController().signal;
  const answer = await newsOf({ api, room: "!room:example.org", news, since: "s1", userId: BOT, signal });
  return { answer, asked };
}

const pageOf = (events: readonly RoomEvent[], end?: string): Answer<Page> => ({
  type: "ok",
  value: { chunk: events, state: [], ...(end === undefined ? {} : { end }) },
});

const bodies = ({ answer }: Read): unknown =>
  answer.type === "ok" ? answer.value.events.map(({ content }) => content["body"] ?? content["membership"]) : answer;
const missing = ({ answer }: Read): unknown => (answer.type === "ok" ? answer.value.missing : answer);

test("what a sync holds is what is new", async () => {
  const result = await read(room([message(1), message(2)]));
  expect(bodies(result)).toEqual(["1", "2"]);
  expect(result.asked).toEqual([]);
});

test("what a sync leaves out is read from the old position to where the new one begins", async () => {
  const news = room([message(4), message(5)], { limited: true, prev_batch: "s4" });
  const result = await read(news, [pageOf([message(1), message(2)], "s2"), pageOf([message(3)], "s3"), pageOf([])]);
  expect(bodies(result)).toEqual(["1", "2", "3", "4", "5"]);
  expect(result.asked.map(({ from, to }) => [from, to])).toEqual([
    ["s1", "s4"],
    ["s2", "s4"],
    ["s3", "s4"],
  ]);
});

test("a homeserver that does not stop where it is told to brings nothing twice", async () => {
  const news = room([message(3), message(4)], { limited: true, prev_batch: "s3" });
  const result = await read(news, [pageOf([message(1), message(2), message(3), message(4)], "s9")]);
  expect(bodies(result)).toEqual(["1", "2", "3", "4"]);
});

test("a homeserver that gives the same position again is asked no more", async () => {
  const news = room([message(2)], { limited: true, prev_batch: "s2" });
  const result = await read(news, [pageOf([message(1)], "s1")]);
  expect(bodies(result)).toEqual(["1", "2"]);
});

test("there is an end to reading pages, and then it is said that some are missing", async () => {
  const pages = Array.from({ length: 200 }, (_, n) => pageOf([message(n)], `p${n}`));
  const result = await read(room([message(999)], { limited: true, prev_batch: "s2" }), pages);
  expect(result.asked).toHaveLength(100);
  expect(missing(result)).toBe("there are too many of them");
  const without = await read(room([message(1)], { limited: true }));
  expect(missing(without)).toBe("the homeserver does not say where they are");
  expect(bodies(without)).toEqual(["1"]);
});

test("pages that the account may not see are said to be missing; any other failure fails the reading", async () => {
  const news = room([message(2)], { limited: true, prev_batch: "s2" });
  const refused = { type: "refused", code: "M_FORBIDDEN", message: "not yours", retryAfterMs: undefined } as const;
  expect(missing(await read(news, [{ ...refused, status: 403 }]))).toBe("not yours");
  expect((await read(news, [{ ...refused, status: 429 }])).answer).toMatchObject({ type: "refused", status: 429 });
  expect((await read(news)).answer).toMatchObject({ type: "unclear" });
});

test("nothing from before the account came in is new, in the sync or in what it leaves out", async () => {
  const joined = membership(BOT, "join", "invite");
  expect(bodies(await read(room([message(1), joined, message(2)])))).toEqual(["2"]);
  const limited = await read(room([message(1), joined, message(2)], { limited: true, prev_batch: "s2" }));
  expect(bodies(limited)).toEqual(["2"]);
  expect(limited.asked).toEqual([]);
  const inGap = await read(room([message(3)], { limited: true, prev_batch: "s3" }), [
    pageOf([message(1), joined, message(2)]),
  ]);
  expect(bodies(inGap)).toEqual(["2", "3"]);
});

test("of several joins the last one counts, and one without a past counts", async () => {
  const events = [message(1), membership(BOT, "join", "leave"), message(2), membership(BOT, "leave", "join")];
  expect(bodies(await read(room([...events, message(3), membership(BOT, "join"), message(4)])))).toEqual(["4"]);
});

test("another's joining and the account's new name cut nothing", async () => {
  const events = [message(1), membership("@eve:example.org", "join"), message(2), membership(BOT, "join", "join")];
  expect(bodies(await read(room([...events, message(3)])))).toEqual(["1", "join", "2", "join", "3"]);
});

test("names are those of the newest events", async () => {
  const ada = "@ada:example.org";
  const news = {
    ...room([membership(ada, "join", "join", "Ada the Second"), message(1)]),
    state: {
      events: [membership(ada, "join", undefined, "Ada"), membership("@bea:example.org", "join", undefined, "Bea")],
    },
  };
  const { answer } = await read(news);
  expect(answer.type === "ok" && [...answer.value.names]).toEqual([
    [ada, "Ada the Second"],
    ["@bea:example.org", "Bea"],
  ]);
});
