/** What people say in their own words: proposed by an interpreter, and done only after they said yes. */
import { err, ok, plainText, type Result } from "@skein/core";
import { expect, test } from "vitest";

import type { Interpret, InterpreterFacts } from "./interpreter.ts";
import { commandId, eventOf } from "./testing/rooms.ts";
import { hear, ITEM, SETTLED_MS, settledAs, stageOf, stand, type Stand } from "./testing/session-stand.ts";
import type { InboundEvent } from "./transport.ts";

/** A mesh whose interpreter says this, whatever it is asked. */
async function interpreted(said: Result<string, string>, facts: InterpreterFacts[] = []): Promise<Stand> {
  const interpret: Interpret = (asked) => {
    facts.push(asked);
    return Promise.resolve(said);
  };
  const of = stand(["alice"], {}, {}, () => interpret);
  await of.mesh.clock.pass(SETTLED_MS);
  return of;
}

async function say(of: Stand, event: InboundEvent): Promise<string> {
  await hear(of, event);
  await of.mesh.clock.pass(2_000);
  return plainText(of.mesh.view().chat.commands.get(commandId(event))?.settled?.reply ?? []);
}

test("a proposal is asked about, and done when the same person says yes", async () => {
  const facts: InterpreterFacts[] = [];
  const of = await interpreted(ok("start #0123"), facts);
  const talk = eventOf("could somebody please get going with the hello thing?");
  expect(await say(of, talk)).toMatch(/^Start #012345 Say hello\? Say !skein yes/);
  expect([settledAs(of, talk), stageOf(of)]).toEqual(["asked", "Backlog"]);
  expect(facts[0]?.text).toBe(talk.text);
  expect(facts[0]?.items).toEqual([{ id: ITEM, title: "Say hello", stage: "Backlog" }]);
  expect(facts[0]?.verbs.join("\n")).not.toContain("pair");
  await say(of, eventOf("yes"));
  expect(stageOf(of)).toBe("Coding");
});

test("what only reads is answered at once", async () => {
  const of = await interpreted(ok("why #0123"));
  const talk = eventOf("what is the matter with hello?");
  await say(of, talk);
  expect(settledAs(of, talk)).toBe("done");
});

test.each([
  ["no verb", "make it so"],
  ["a verb about the room", "pair ADJS-BQYY-KP5A-RRV6"],
  ["a yes", "yes"],
  ["an item that is not there", "start #zzzz"],
  ["a shell line", "start #0123; rm -rf /"],
])("a proposal that is %s does nothing", async (_what, line) => {
  const of = await interpreted(ok(line));
  const talk = eventOf("could somebody please get going?");
  await say(of, talk);
  expect([settledAs(of, talk), stageOf(of)]).toEqual(["refused", "Backlog"]);
});

test("an interpreter that fails is said so", async () => {
  const of = await interpreted(err("It is away."));
  const talk = eventOf("could somebody please get going?");
  expect(await say(of, talk)).toBe("It is away.");
  expect(settledAs(of, talk)).toBe("refused");
});

test("a command that is spelled right is nobody's to interpret", async () => {
  const facts: InterpreterFacts[] = [];
  const of = await interpreted(ok("delete #0123"), facts);
  await say(of, eventOf("start #0123"));
  expect([facts.length, stageOf(of)]).toEqual([0, "Coding"]);
});

test("nobody's command waits for an interpreter, and each is asked once", async () => {
  let answer = (_said: Result<string, string>): void => undefined;
  let asked = 0;
  const interpret: Interpret = () => {
    asked++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  const of = stand(["alice"], {}, {}, () => interpret);
  await of.mesh.clock.pass(SETTLED_MS);
  const talk = eventOf("could somebody please get going?");
  await say(of, talk);
  await say(of, eventOf("start #0123"));
  expect([stageOf(of), settledAs(of, talk), asked]).toEqual(["Coding", undefined, 1]);
  answer(ok("hold #0123"));
  await of.mesh.clock.pass(2_000);
  expect(settledAs(of, talk)).toBe("asked");
});
