/**
 * What people do in rooms: they are paired, say lines of the grammar, and answer what is asked back, by a line, a button or a
 * reaction, in good and in bad faith. What each of them wanted is written down for the checkers.
 */
import { type CommandName, plainText } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { Json } from "@skein/node";

import { type Flavor, FLAVORS, type Post, type Said } from "./ports/chat-platform.ts";
import { directOf, principalOf, ROOM_PEOPLE, type RoomPerson, roomOf, type Rooms, type Wish } from "./rooms.ts";
import { CANARY } from "./workload.ts";
import { runningMachines, type World } from "./world.ts";

/** Somebody says a line. In a room it begins with the prefix; in a direct message it is bare. */
function say(
  { platform, wishes }: Rooms,
  flavor: Flavor,
  wish: Omit<Wish, "said" | "isCommand"> & { readonly line: string; readonly direct: boolean },
): Said {
  const { line, direct, ...rest } = wish;
  const said = platform.say(flavor, {
    type: "message",
    principal: principalOf(flavor, wish.person),
    displayName: wish.person.name,
    room: direct ? directOf(flavor, wish.person) : roomOf(flavor),
    direct,
    thread: null,
    quotes: null,
    text: direct ? line : `!mesh ${line}`,
    addressed: false,
  });
  // A stranger's direct message is nobody's business.
  wishes.push({ ...rest, said, isCommand: !direct || wish.person.role !== null });
  return said;
}

interface Line {
  readonly line: string;
  readonly makes: Wish["makes"];
}

/** Titles and notes have a number of their own, so that each is found again. */
function someLine(world: World, prng: Prng, token: string): Line {
  const item = someItem(world, prng);
  const canary = prng.chance(0.2) ? ` ${CANARY}` : "";
  if (item === undefined || prng.chance(0.35)) {
    return { line: `new ${token}${canary}${prng.chance(0.5) ? " --start" : ""}`, makes: "item" };
  }
  const ref = `#${prng.chance(0.5) ? item : item.slice(0, 6)}`;
  const lines: readonly Line[] = [
    { line: `note ${ref} ${token}${canary}`, makes: "note" },
    { line: `note ${ref} ${token}`, makes: "note" },
    { line: `start ${ref}`, makes: "nothing" },
    { line: `hold ${ref} ${token}`, makes: "nothing" },
    { line: `unhold ${ref}`, makes: "nothing" },
    { line: `archive ${ref} ${token}`, makes: "nothing" },
    { line: `restore ${ref}`, makes: "nothing" },
    { line: `show ${ref}`, makes: "nothing" },
    { line: prng.pick(["status", "help", "whoami", "yes", "yes zzzz", "strat it"]), makes: "nothing" },
  ];
  return prng.pick(lines);
}

/** The rooms' own stories mostly: those of terminals are for others to break. */
function someItem(world: World, prng: Prng): string | undefined {
  const running = runningMachines(world);
  if (running.length === 0) return undefined;
  const { node } = prng.pick(running).running;
  const all = [...node.api.board.current().items.values()];
  const own = all.filter(({ title }) => title.startsWith("Wish"));
  const from = own.length > 0 && prng.chance(0.7) ? own : all;
  return from.length === 0 ? undefined : prng.pick(from).id;
}

/** One thing that somebody says somewhere. */
export function speak(world: World, rooms: Rooms): void {
  const { prng } = rooms;
  const flavor = prng.pick(FLAVORS);
  const person = prng.pick(prng.chance(0.8) ? ROOM_PEOPLE.slice(0, 2) : ROOM_PEOPLE);
  const token = `Wish ${rooms.wishes.length}.`;
  const { line, makes } = someLine(world, prng, token);
  world.trace.line(person.name, `says on ${flavor}: ${line}`);
  say(rooms, flavor, { person, makes, token, line, direct: prng.chance(0.3) });
}

const CODE = /yes ([0-9a-z]{4})/;

/** Somebody reads what the mesh says, and answers when it asks. */
export function answerQuestions(world: World, rooms: Rooms): void {
  rooms.hear = (post) => {
    const code = CODE.exec(plainText(post.body))?.[1];
    const wish = rooms.wishes.find(({ said }) => said.flavor === post.flavor && said.event.message === post.quotes);
    if (code === undefined || wish === undefined || rooms.prng.chance(0.15)) return;
    world.scheduler.after(200 + rooms.prng.int(4_000), () => answer(world, rooms, post, wish, code));
  };
}

function answer(world: World, rooms: Rooms, post: Post, wish: Wish, code: string): void {
  const { prng, platform } = rooms;
  const { person } = wish;
  const { flavor, event } = wish.said;
  const word = prng.chance(0.85) ? "yes" : "no";
  const where = { room: event.room, direct: event.direct, thread: null, quotes: null } as const;
  const does = (who: RoomPerson, type: "button" | "reaction" | "edit", text: string, message: string): void => {
    const principal = principalOf(flavor, who);
    platform.say(flavor, { ...where, type, principal, displayName: who.name, text, message, addressed: true });
  };
  world.note("room: question answered");
  world.trace.line(person.name, `says ${word} ${code} on ${flavor}`);
  const how = flavor === "keyed" ? prng.int(5) : 4;
  if (how === 0) does(person, "button", `${word}:${code}`, post.id);
  else if (how === 1) does(person, "reaction", word === "yes" ? "✅" : "❌", post.id);
  else if (how === 2) does(person, "edit", "something else", event.message);
  else if (how === 3) {
    const eve = ROOM_PEOPLE.find(({ role }) => role === null) ?? person;
    does(eve, prng.pick(["button", "reaction"]), prng.chance(0.5) ? `yes:${code}` : "✅", post.id);
  } else say(rooms, flavor, { person, makes: "nothing", token: "", line: `${word} ${code}`, direct: event.direct });
}

// ── pairing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const PAIRING_LIMIT_MS = 180_000;
const SETTLING_MS = 6_000;

/** Everybody who has a role is paired on every account, with a code said in a direct message. False when that fails. */
export async function pairPeople(world: World, rooms: Rooms): Promise<boolean> {
  const { scheduler } = world;
  const isOpen = (): boolean =>
    rooms.platform.isConnected("keyed") && (!rooms.platform.blindSocket || rooms.platform.isConnected("blind"));
  if (!(await scheduler.runUntil(isOpen, PAIRING_LIMIT_MS))) return false;
  const invited = ROOM_PEOPLE.filter(({ role }) => role !== null);
  for (const flavor of FLAVORS) {
    for (const person of invited) {
      const code = await pairingCode(world, person);
      if (code === undefined) return false;
      say(rooms, flavor, { person, makes: "nothing", token: "", line: `pair ${code}`, direct: true });
    }
  }
  const isPaired = (): boolean =>
    runningMachines(world).every(({ running }) => {
      const { byPrincipal } = running.node.replica.view().chat.people();
      return FLAVORS.every((flavor) => invited.every((person) => byPrincipal.has(principalOf(flavor, person))));
    });
  if (!(await scheduler.runUntil(isPaired, PAIRING_LIMIT_MS))) return false;
  // The account has been in use for a while: everybody has heard where its holder stands.
  await scheduler.runUntil(() => false, SETTLING_MS);
  return true;
}

async function pairingCode(world: World, { name, role }: RoomPerson): Promise<string | undefined> {
  const command: CommandName = "people.pair";
  // A day: skewed clocks judge it.
  const asked = world.machines[0]?.running?.node.api.command(command, { person: name, role, ttl: "1d" });
  const answered = asked === undefined ? undefined : await world.scheduler.settled(asked, PAIRING_LIMIT_MS);
  return answered?.ok === true ? textIn(answered.value, "code") : undefined;
}

function textIn(answer: Json, field: string): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const found = Object.entries(answer).find(([key]) => key === field)?.[1];
  return typeof found === "string" ? found : undefined;
}
