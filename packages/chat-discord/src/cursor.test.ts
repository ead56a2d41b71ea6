/** What travels through the mesh, and whom it can make the bot talk to. */
import { expect, test } from "vitest";

import { decodeCursor, encodeCursor, isBeside, START } from "./cursor.ts";
import { earlier, newer, snowflakeMs } from "./snowflake.ts";

const GATEWAY = "wss://gateway.discord.gg";

test("a cursor as long as Discord makes it fits, and comes back as it was", () => {
  const cursor = {
    session: {
      id: "0123456789abcdef0123456789abcdef",
      url: "wss://gateway-us-east1-b.discord.gg",
      sequence: 4_294_967_295,
    },
    watermark: "12000000000000000000",
    floor: "11000000000000000000",
  };
  const text = encodeCursor(cursor);
  expect(text.length).toBeLessThanOrEqual(200);
  expect(decodeCursor(text, GATEWAY)).toEqual(cursor);
});

test("a session that does not fit is left out; what was said since is looked for instead", () => {
  const session = { id: "x".repeat(100), url: `wss://${"y".repeat(80)}.discord.gg`, sequence: 1 };
  const text = encodeCursor({ session, watermark: "2", floor: "1" });
  expect(text.length).toBeLessThanOrEqual(200);
  expect(decodeCursor(text, GATEWAY)).toEqual({ session: undefined, watermark: "2", floor: "1" });
});

test.each([undefined, "", "{", "[]", '{"s":1}', '{"w":"1 OR 1"}', "null"])(
  "%j is no cursor, and it starts anew",
  (text) => {
    expect(decodeCursor(text, GATEWAY)).toEqual(START);
  },
);

test.each([
  ["wss://gateway-us-east1-b.discord.gg", GATEWAY, true],
  ["wss://gateway.discord.gg", GATEWAY, true],
  ["ws://gateway.discord.gg", GATEWAY, false],
  ["wss://gateway.discord.gg:8443", GATEWAY, false],
  ["wss://discord.gg.attacker.example", GATEWAY, false],
  ["wss://attackerdiscord.gg", GATEWAY, false],
  ["wss://user:pass@gateway.discord.gg", GATEWAY, false],
  ["https://gateway.discord.gg", GATEWAY, false],
  ["nonsense", GATEWAY, false],
  ["ws://127.0.0.1:9", "ws://127.0.0.1:9", true],
  ["wss://gateway.discord.gg", "wss://proxy.example", false],
])("%s beside %s: %s", (url, gateway, isOne) => {
  expect(isBeside(url, gateway)).toBe(isOne);
});

test("a planted session at another address is not taken, the rest is", () => {
  const text = JSON.stringify({ s: ["id", "wss://attacker.example", 1], w: "2", f: "1" });
  expect(decodeCursor(text, GATEWAY)).toEqual({ session: undefined, watermark: "2", floor: "1" });
});

test("ids are times", () => {
  // Discord's own example.
  expect(snowflakeMs("175928847299117063")).toBe(Date.parse("2016-04-30T11:18:25.796Z"));
  expect(newer("9", "10")).toBe("10");
  expect(newer(undefined, "10")).toBe("10");
  expect(snowflakeMs(earlier("175928847299117063", 60_000, "0"))).toBe(snowflakeMs("175928847299117063") - 60_000);
  expect(earlier("175928847299117063", 60_000, "175928847299117000")).toBe("175928847299117000");
});
