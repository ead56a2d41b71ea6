import { expect, test } from "vitest";
import { createPlaces, type Place } from "./places.ts";

function setup(limits: {
  readonly total: number;
  readonly perAddress: number;
  readonly sharedAddresses?: readonly string[];
}) {
  const places = createPlaces({ sharedAddresses: [], ...limits });
  const evicted: string[] = [];
  const arrive = (name: string, address: string): Place | undefined => places.take(address, () => evicted.push(name));
  return { arrive, evicted };
}

test("while there is room nobody is pushed out", () => {
  const { arrive, evicted } = setup({ total: 3, perAddress: 2 });
  for (const [name, address] of [
    ["a", "192.0.2.1"],
    ["b", "192.0.2.1"],
    ["c", "192.0.2.2"],
  ] as const) {
    expect(arrive(name, address)).toBeDefined();
  }
  expect(evicted).toEqual([]);
});

test("a newcomer takes the place of whoever waited longest at its own address", () => {
  const { arrive, evicted } = setup({ total: 10, perAddress: 2 });
  arrive("elsewhere", "192.0.2.9");
  arrive("first", "192.0.2.1");
  arrive("second", "192.0.2.1");
  expect(arrive("third", "192.0.2.1")).toBeDefined();
  expect(arrive("fourth", "192.0.2.1")).toBeDefined();
  expect(evicted).toEqual(["first", "second"]);
});

test("the whole node full of waiting ones makes room too, whatever their address", () => {
  const { arrive, evicted } = setup({ total: 2, perAddress: 2 });
  arrive("first", "192.0.2.1");
  arrive("second", "192.0.2.2");
  expect(arrive("third", "192.0.2.3")).toBeDefined();
  expect(evicted).toEqual(["first"]);
});

test("proved peers keep their places; when they hold all of them a newcomer is refused", () => {
  const { arrive, evicted } = setup({ total: 3, perAddress: 2 });
  arrive("a", "192.0.2.1")?.keep();
  arrive("b", "192.0.2.1")?.keep();
  expect(arrive("c", "192.0.2.1")).toBeUndefined();
  const other = arrive("d", "192.0.2.2");
  other?.keep();
  expect(arrive("e", "192.0.2.3")).toBeUndefined();
  other?.leave();
  expect(arrive("f", "192.0.2.3")).toBeDefined();
  expect(evicted).toEqual([]);
});

test("leaving after having been pushed out gives no second place away", () => {
  const { arrive, evicted } = setup({ total: 1, perAddress: 1 });
  const first = arrive("first", "192.0.2.1");
  arrive("second", "192.0.2.1")?.keep();
  first?.leave();
  expect(arrive("third", "192.0.2.1")).toBeUndefined();
  expect(evicted).toEqual(["first"]);
});

test("shared addresses and loopback are bounded by the whole node only", () => {
  const { arrive, evicted } = setup({ total: 6, perAddress: 1, sharedAddresses: ["192.0.2.1"] });
  for (const address of ["192.0.2.1", "127.0.0.1", "::1"]) {
    arrive(`${address} one`, address);
    arrive(`${address} two`, address);
  }
  expect(evicted).toEqual([]);
  arrive("one more", "127.0.0.1");
  expect(evicted).toEqual(["192.0.2.1 one"]);
});

test("an IPv6 network of 64 bits is one address", () => {
  const { arrive, evicted } = setup({ total: 9, perAddress: 1 });
  arrive("a", "2001:db8::1");
  arrive("b", "2001:db8::2");
  expect(evicted).toEqual(["a"]);
});
