/** What the mesh says reaches a real homeserver once, as text, and mentions nobody. */
import { block, code, plain, plainText, strong, type Body } from "@skein/core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { createBot, keyOf, outgoing, type MatrixBot } from "../support/matrix-transport.ts";
import type { MatrixUser, RoomEvent } from "../support/matrix-user.ts";
import { startSynapse, SYNAPSE_START_MS, type Synapse } from "../support/synapse.ts";
import { waitFor } from "../support/wait.ts";

let synapse: Synapse;
let ada: MatrixUser;
const bots: MatrixBot[] = [];

beforeAll(async () => {
  synapse = await startSynapse();
  ada = await synapse.user("Ada");
}, SYNAPSE_START_MS);
afterEach(async () => {
  for (const bot of bots.splice(0)) await bot.close();
});
afterAll(async () => synapse.dispose());

let accounts = 0;
async function newBot(): Promise<{ readonly bot: MatrixBot; readonly room: string }> {
  const bot = transportOf(await synapse.user(`bot${accounts++}`));
  const room = await ada.createRoom({ preset: "public_chat", power_level_content_override: { users_default: 50 } });
  await bot.user.join(room);
  return { bot, room };
}

function transportOf(user: MatrixUser): MatrixBot {
  const bot = createBot(user, { homeserver: synapse.url });
  bots.push(bot);
  return bot;
}

const sentBy = async (room: string, user: MatrixUser, type = "m.room.message"): Promise<readonly RoomEvent[]> =>
  (await ada.timeline(room)).filter((event) => event.sender === user.id && event.type === type);

/** The id of a message that was sent; fails the test when it was not. */
async function sentId(sending: ReturnType<MatrixBot["transport"]["send"]>): Promise<string> {
  const outcome = await sending;
  expect(outcome.type).toBe("sent");
  return outcome.type === "sent" ? outcome.message : "";
}

const HOSTILE: readonly string[] = [
  "<script>alert(1)</script><img src=x onerror=alert(1)>",
  '"><a href="https://evil.example">click</a>',
  "&lt;b&gt; &amp;amp; &#39;",
  "@room and @everyone and Ada and @ada:localhost",
  '<a href="https://matrix.to/#/@ada:localhost">Ada</a>',
  "[Ada](https://matrix.to/#/@ada:localhost)",
  "</code></pre><mx-reply>quoted</mx-reply>",
  "**bold** _it_ `code` ```block``` ~~gone~~ # head\n> quote\n- list",
  "line\r\nline\rline\n\n\nline\tend",
  "nul \0 bell \u{7} escape \u{1b}[31m lone \ud800 half \udc00",
  "right to left \u{202e}txet\u{202c} zero\u{200b}width 👩‍👩‍👧‍👦 é e\u{301}",
  "/me dances",
  "* edited",
  "${jndi:ldap://evil.example} {{7*7}} %00 ..\\..\\",
];

/** What of these is no text. */
const UNREADABLE: ReadonlySet<string> = new Set(["\0", "\u{7}", "\u{1b}", "\ud800", "\udc00"]);

/** The formatted text as a client shows it, when nothing but this product's own markup is in it. */
function shown(html: string): string {
  const text = html.replaceAll("<br>", "\n").replaceAll(/<\/?(?:strong|code|pre)>/g, "");
  expect(text).not.toMatch(/[<>]/);
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

test("hostile text stays text in every style, and mentions nobody", async () => {
  const { bot, room } = await newBot();
  const highlights = await watchHighlights(room);
  for (const [at, text] of HOSTILE.entries()) {
    const body: Body = [plain(text), strong(text), code(text), block(text)];
    await sentId(bot.transport.send(outgoing(room, `hostile ${at}`, body)));
  }
  const events = await sentBy(room, bot.user);
  expect(events).toHaveLength(HOSTILE.length);
  for (const [at, { content }] of events.entries()) {
    const text = Array.from((HOSTILE[at] ?? "").replaceAll(/\r\n?/g, "\n"), (one) =>
      UNREADABLE.has(one) ? "\u{fffd}" : one,
    ).join("");
    expect(content).toMatchObject({ msgtype: "m.notice", format: "org.matrix.custom.html", "m.mentions": {} });
    expect(content["m.mentions"]).toEqual({});
    expect(content["body"]).toBe(plainText([plain(text), strong(text), code(text), block(text)]));
    expect(shown(String(content["formatted_body"]))).toBe(text.repeat(4));
  }
  expect(await highlights()).toBe(0);
  await bot.user.say(room, "Ada: a mention that is one", { "m.mentions": { user_ids: [ada.id] } });
  await waitFor("the highlight of a real mention", async () => (await highlights()) === 1);
});

/** Asks Ada's homeserver how often the room called her since now. */
async function watchHighlights(room: string): Promise<() => Promise<number>> {
  const since = String((await ada.call("GET", "/v3/sync?timeout=0"))["next_batch"]);
  return async () => {
    const filter = encodeURIComponent(JSON.stringify({ room: { rooms: [room], timeline: { limit: accounts++ + 1 } } }));
    const { rooms } = (await ada.call("GET", `/v3/sync?timeout=0&since=${since}&filter=${filter}`)) as {
      rooms?: { join?: Record<string, { unread_notifications?: { highlight_count?: number } }> };
    };
    return rooms?.join?.[room]?.unread_notifications?.highlight_count ?? Number.NaN;
  };
}

test("line breaks around a block are not doubled", async () => {
  const { bot, room } = await newBot();
  const body = [plain("The gate said:\n"), block("1 failed\n2 passed"), plain("\nTry "), code("retry"), plain(".")];
  await sentId(bot.transport.send(outgoing(room, "block", body)));
  const [event] = await sentBy(room, bot.user);
  expect(event?.content).toMatchObject({
    formatted_body: "The gate said:<pre><code>1 failed\n2 passed</code></pre>Try <code>retry</code>.",
  });
});

test("one key is one message, however many nodes send it at once", async () => {
  const { bot, room } = await newBot();
  const other = transportOf(bot.user);
  const sends = Array.from({ length: 10 }, (_, n) =>
    (n % 2 === 0 ? bot : other).transport.send(outgoing(room, "raced", "hello")),
  );
  const outcomes = await Promise.all(sends);
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
  expect(outcomes[0]?.type).toBe("sent");
  expect(await sentBy(room, bot.user)).toHaveLength(1);
  await sentId(bot.transport.send(outgoing(room, "another", "hello")));
  expect(await sentBy(room, bot.user)).toHaveLength(2);
});

test("a status card stays one message through its edits", async () => {
  const { bot, room } = await newBot();
  const card = await sentId(bot.transport.send(outgoing(room, "card", "Item 7: Coding")));
  await sentId(bot.transport.edit(outgoing(room, "card, second", "Item 7: Review"), card));
  const again = outgoing(room, "card, third", [plain("Item 7: "), strong("Merged")]);
  const edit = await sentId(bot.transport.edit(again, card));
  expect(await sentId(bot.transport.edit(again, card))).toBe(edit);
  // The key of the card itself is no reason to take an edit for what was sent already.
  expect(await sentId(bot.transport.edit(outgoing(room, "card", "Item 7: Done"), card))).not.toBe(card);
  const path = `/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(card)}`;
  const { unsigned } = (await ada.call("GET", path)) as {
    unsigned: { "m.relations": { "m.replace": Pick<RoomEvent, "content"> } };
  };
  expect(unsigned["m.relations"]["m.replace"].content).toMatchObject({
    body: "* Item 7: Done",
    "m.mentions": {},
    "m.new_content": { msgtype: "m.notice", body: "Item 7: Done", formatted_body: "Item 7: Done", "m.mentions": {} },
  });
  expect(await sentBy(room, bot.user)).toHaveLength(4);
});

test("an answer goes to the thread, and to the message that it answers", async () => {
  const { bot, room } = await newBot();
  const root = await ada.say(room, "new story");
  const answered = await ada.say(room, "?", { "m.relates_to": { rel_type: "m.thread", event_id: root } });
  const inThread = await sentId(bot.transport.send(outgoing(room, "thread", "1", { thread: root })));
  const quoting = await sentId(
    bot.transport.send(outgoing(room, "quote in thread", "2", { thread: root, quotes: answered })),
  );
  await sentId(bot.transport.send(outgoing(room, "quote", "3", { quotes: answered })));
  const path = `/v1/rooms/${encodeURIComponent(room)}/relations/${encodeURIComponent(root)}/m.thread?dir=f`;
  const { chunk } = (await ada.call("GET", path)) as { chunk: readonly RoomEvent[] };
  expect(chunk.map(({ event_id }) => event_id)).toEqual([answered, inThread, quoting]);
  expect((await sentBy(room, bot.user)).map(({ content }) => content["m.relates_to"])).toEqual([
    { rel_type: "m.thread", event_id: root, is_falling_back: true, "m.in_reply_to": { event_id: root } },
    { rel_type: "m.thread", event_id: root, is_falling_back: false, "m.in_reply_to": { event_id: answered } },
    { "m.in_reply_to": { event_id: answered } },
  ]);
  const nested = await bot.transport.send(outgoing(room, "nested", "4", { thread: answered }));
  expect(nested).toMatchObject({ type: "refused" });
});

test("a reaction that is there already is a success", async () => {
  const { bot, room } = await newBot();
  const message = await ada.say(room, "start 7");
  const react = (emoji: "👀" | "✅"): ReturnType<MatrixBot["transport"]["react"]> =>
    bot.transport.react(room, message, emoji);
  const [first, second] = [await react("👀"), await react("👀")];
  expect(first).toMatchObject({ type: "sent" });
  expect(second).toEqual(first);
  await bot.user.send(room, "m.reaction", {
    "m.relates_to": { rel_type: "m.annotation", event_id: message, key: "✅" },
  });
  expect(await react("✅")).toEqual({ type: "sent", message: "" });
  const reactions = await sentBy(room, bot.user, "m.reaction");
  expect(reactions.map(({ content }) => content["m.relates_to"])).toEqual([
    { rel_type: "m.annotation", event_id: message, key: "👀" },
    { rel_type: "m.annotation", event_id: message, key: "✅" },
  ]);
});

test("the longest text fits, whatever it is made of, as a message in a thread and as an edit", async () => {
  const { bot, room } = await newBot();
  const { maxText } = bot.transport.capabilities;
  const root = await ada.say(room, "root");
  for (const character of ['"', "&", "\n", "\\", "漢", "\0", "😀".slice(0, 1)]) {
    const text = `a${character.repeat(maxText - 2)}z`;
    const sent = await sentId(bot.transport.send(outgoing(room, `long ${character}`, text, { thread: root })));
    await sentId(bot.transport.edit(outgoing(room, `longer ${character}`, text), sent));
  }
  expect(await sentBy(room, bot.user)).toHaveLength(14);
});

test("what is too long is refused before it is sent", async () => {
  const { bot, room } = await newBot();
  const outcome = await bot.transport.send(outgoing(room, "too long", "x".repeat(40_000)));
  expect(outcome).toMatchObject({ type: "refused" });
  expect(bot.requests).toEqual([]);
});

test("a room that the bot is not in refuses for good", async () => {
  const { bot } = await newBot();
  const room = await ada.createRoom();
  const outcome = await bot.transport.send(outgoing(room, "stranger", "hello"));
  expect(outcome).toMatchObject({ type: "refused", reason: expect.stringContaining("M_FORBIDDEN") });
});

test("a rate limit says when to try again, and the same key is then sent once", async () => {
  const { bot, room } = await newBot();
  await synapse.limit(bot.user.id, { perSecond: 1, burst: 2 });
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_, n) => bot.transport.send(outgoing(room, `limited ${n}`, `${n}`))),
  );
  const limited = outcomes.findIndex(({ type }) => type === "retry");
  expect(outcomes[limited]).toMatchObject({
    type: "retry",
    scope: "account",
    reason: expect.stringContaining("M_LIMIT"),
  });
  const { afterMs } = outcomes[limited] as { readonly afterMs: number };
  expect(afterMs).toBeGreaterThan(0);
  expect(afterMs).toBeLessThanOrEqual(10_000);
  expect(bot.requests).toHaveLength(12);
  await synapse.limit(bot.user.id, undefined);
  // Synapse keeps the old limit in a cache for a moment.
  await waitFor("the message to be taken", async () => {
    return (await bot.transport.send(outgoing(room, `limited ${limited}`, `${limited}`))).type === "sent";
  });
  const texts = (await sentBy(room, bot.user)).map(({ content }) => content["body"]);
  expect(texts.filter((text) => text === `${limited}`)).toHaveLength(1);
});

test("a token that is worth nothing any more stops the account, and nothing is asked again", async () => {
  const { bot, room } = await newBot();
  const { host } = await bot.open();
  await bot.user.call("POST", "/v3/logout", {});
  await ada.say(room, "are you there?");
  await waitFor("the trouble", () => host.troubles.length > 0, { withinMs: 60_000 });
  expect(host.troubles).toMatchObject([{ severity: "fatal", message: expect.stringContaining("accessToken") }]);
  const asked = bot.requests.length;
  const outcome = await bot.transport.send(outgoing(room, "late", "hello"));
  expect(outcome).toMatchObject({ type: "retry", scope: "account" });
  const again = await bot.open("s1");
  await waitFor("the same trouble", () => again.host.troubles.length > 0);
  expect(bot.requests).toHaveLength(asked);
  expect(JSON.stringify([host.troubles, outcome])).not.toContain(bot.user.token);
});

test("after closing, nothing is sent", async () => {
  const { bot, room } = await newBot();
  await bot.close();
  expect(await bot.transport.send(outgoing(room, keyOf("closed"), "hello"))).toMatchObject({ type: "retry" });
  expect(bot.requests).toEqual([]);
});
