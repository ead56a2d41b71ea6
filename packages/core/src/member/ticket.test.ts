/** Tickets as people copy them. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { encode, type Value } from "../op/codec.ts";
import { parseTicket, printTicket, type Ticket } from "./ticket.ts";

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyTicket: fc.Arbitrary<Ticket> = fc.record({
  mesh: hash,
  seed: hash,
  expires: fc.maxSafeNat(),
  addresses: fc.array(fc.webUrl(), { maxLength: 6 }),
});

const sample: Ticket = {
  mesh: new Uint8Array(32).fill(1),
  seed: new Uint8Array(32).fill(2),
  expires: 1_700_000_000_000,
  addresses: ["ws://127.0.0.1:7000"],
};

const plain = ({ mesh, seed, expires, addresses }: Ticket): unknown => [toHex(mesh), toHex(seed), expires, addresses];

const problem = (text: string): string => {
  const parsed = parseTicket(text);
  return parsed.ok ? "a ticket" : parsed.error;
};

test("a ticket is read back as it was printed, with spaces around it too", () => {
  fc.assert(
    fc.property(anyTicket, fc.constantFrom("", " ", "\n", "\t\r\n"), (ticket, space) => {
      const printed = printTicket(ticket);
      expect(printed).toMatch(/^skein1\.[A-Za-z0-9_-]+$/);
      const parsed = parseTicket(`${space}${printed}${space}`);
      expect(parsed.ok && plain(parsed.value)).toEqual(plain(ticket));
    }),
  );
});

test("a printed ticket looks like this", () => {
  expect(printTicket(sample)).toMatchInlineSnapshot(
    `"skein1.lMQgAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQHEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICy0J4vP5WgAAAkbN3czovLzEyNy4wLjAuMTo3MDAw"`,
  );
});

test("a ticket cut off anywhere is refused with what to do", () => {
  const printed = printTicket(sample);
  for (let length = 0; length < printed.length; length++) {
    expect(problem(printed.slice(0, length))).toContain("`skein invite` printed");
  }
});

test("a ticket with something added or spaces inside is refused", () => {
  const printed = printTicket(sample);
  for (const text of [
    `${printed}A`,
    `${printed}AAAA`,
    printed.replace(".", ". "),
    `${printed} ${printed}`,
    `${printed}=`,
  ]) {
    expect(problem(text)).toContain("the ticket is not complete");
  }
});

test.each([
  "",
  "skein1",
  "skein1.",
  "skein2.AAAA",
  "hello",
  "skein1.!!!!",
  "skein1.AAAA",
  "SKEIN1.AAAA",
  "ws://host:1",
])("%o is refused with what to do", (text) => {
  expect(problem(text)).toContain("copy the");
});

test("text at random never throws and is never a ticket", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `skein1.${text}`),
      ),
      (text) => {
        expect(parseTicket(text).ok).toBe(false);
      },
    ),
  );
});

const toTicket = (value: Value): string => `skein1.${Buffer.from(encode(value)).toString("base64url")}`;

test.each<[string, Value]>([
  ["a mesh id of 31 bytes", [new Uint8Array(31), sample.seed, 1, []]],
  ["a seed of 33 bytes", [sample.mesh, new Uint8Array(33), 1, []]],
  ["an expiry that is text", [sample.mesh, sample.seed, "soon", []]],
  ["addresses that are no list", [sample.mesh, sample.seed, 1, "ws://x"]],
  ["a field too many", [sample.mesh, sample.seed, 1, [], 0]],
  ["a field too few", [sample.mesh, sample.seed, 1]],
  ["no list", { mesh: sample.mesh }],
])("a ticket with %s is refused", (_what, value) => {
  expect(problem(toTicket([sample.mesh, sample.seed, 1, []]))).toBe("a ticket");
  expect(problem(toTicket(value))).toContain("not complete");
});

test("a base64 digit with bits to spare is refused, so a ticket has one spelling", () => {
  const printed = printTicket({ ...sample, addresses: [] });
  const last = printed.at(-1) ?? "";
  const spellings = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_").filter(
    (digit) => parseTicket(printed.slice(0, -1) + digit).ok,
  );
  expect(spellings).toEqual([last]);
});
