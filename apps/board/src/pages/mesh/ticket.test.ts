/** The command that joins with a ticket is one that a shell reads as it is meant. */
import { expect, test } from "vitest";

import { commandFor, isLocal, ticketIn } from "./ticket.ts";

const TICKET = { ticket: "skein1abc", role: "agent", expires: 5, addresses: ["ws://192.0.2.7:4710"] };

test("the command names the node's addresses, or leaves a place for one", () => {
  expect(commandFor(TICKET)).toBe("npx skein agent --rendezvous ws://192.0.2.7:4710 --ticket skein1abc");
  expect(commandFor({ ...TICKET, addresses: [] })).toContain("--rendezvous ws://HOST:PORT ");
});

test("people get the page, and a machine that only works does without", () => {
  for (const role of ["observer", "operator", "owner"])
    expect(commandFor({ ...TICKET, role })).toBe("npx skein up --rendezvous ws://192.0.2.7:4710 --ticket skein1abc");
});

test("an address that a shell would read as something else is left out", () => {
  const addresses = ["ws://a; rm -rf ~", "ws://$(id)", "javascript:alert(1)", "ws://[2001:db8::1]:4710"];
  expect(commandFor({ ...TICKET, addresses })).toBe(
    "npx skein agent --rendezvous ws://[2001:db8::1]:4710 --ticket skein1abc",
  );
});

test("it says when nobody else reaches this node", () => {
  expect(isLocal({ addresses: ["ws://127.0.0.1:4710", "ws://localhost:4711"] })).toBe(true);
  expect(isLocal({ addresses: ["ws://127.0.0.1:4710", "ws://192.0.2.7:4710"] })).toBe(false);
  expect(isLocal({ addresses: [] })).toBe(false);
});

test("what is no ticket is not shown as one", () => {
  expect(ticketIn({ ...TICKET, extra: true })).toEqual(TICKET);
  for (const answer of [null, "skein1abc", {}, { ...TICKET, ticket: 5 }]) expect(ticketIn(answer)).toBeUndefined();
});
