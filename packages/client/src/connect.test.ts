/** A page whose node ends a socket or refuses an answer while another tab has signed in anew; and a last copy that cannot be read. */
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { type Client, connect } from "./connect.ts";
import type { Copies } from "./copies.ts";
import { keepPageKey, pageKey } from "./page-key.ts";

const SIGNED = { mesh: "m", node: "n", nodeName: "alder", member: "o", name: "Ida", role: "owner" } as const;

/** A socket to a node that says only when it is over. */
class FakeSocket {
  static opened: FakeSocket[] = [];
  onopen: () => void = () => {};
  onclose: (event: { readonly code: number }) => void = () => {};
  constructor() {
    FakeSocket.opened.push(this);
  }
  send(): void {}
  close(): void {}
}

let answer: () => Response;
let asked: number;

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  FakeSocket.opened = [];
  asked = 0;
  answer = () => Response.json(SIGNED);
  vi.stubGlobal("fetch", () => {
    asked++;
    return Promise.resolve(answer());
  });
  keepPageKey("first");
});

afterEach(() => void vi.unstubAllGlobals());

/** A client waits longer each time before it tries again. */
const SOON = { timeout: 20_000 };

const NOBODY = (): Response => Response.json({ error: { code: "unauthorized", message: "" } }, { status: 401 });

function open(copies?: Copies): Client {
  const options = { url: "http://127.0.0.1:4711/", WebSocket: FakeSocket as never };
  const client = connect(copies === undefined ? options : { ...options, copies });
  onTestFinished(() => client.close());
  return client;
}

test("a socket of an earlier session that ends takes nobody's later one along", async () => {
  const client = open();
  await vi.waitFor(() => expect(FakeSocket.opened.length).toBe(1));
  // Another tab has signed in anew: the cookie and the key are those of another session by now.
  keepPageKey("second");
  FakeSocket.opened[0]?.onclose({ code: 4401 });
  await vi.waitFor(() => expect(FakeSocket.opened.length).toBe(2), SOON);
  expect(client.status.type).not.toBe("signed-out");
  expect(pageKey()).toBe("second");
  // Whoever really is out is out.
  answer = NOBODY;
  FakeSocket.opened[1]?.onclose({ code: 4401 });
  await vi.waitFor(() => expect(client.status.type).toBe("signed-out"), SOON);
  expect(pageKey()).toBe("");
});

test("a refusal of a key that another tab has replaced meanwhile is none", async () => {
  answer = () => {
    if (asked > 1) return Response.json(SIGNED);
    keepPageKey("second");
    return NOBODY();
  };
  open();
  await vi.waitFor(() => expect(FakeSocket.opened.length).toBe(1), SOON);
  expect(pageKey()).toBe("second");
});

const HEAD = { ...SIGNED, savedMs: 1, nodes: new Map() };

test.each([
  ["half-written", ['{"items":[["a"']],
  ["of another kind", ["null"]],
  ["no list", 7 as never],
])("a copy that is %s is none, and says nothing of whoever it was", async (_name, pieces: readonly string[]) => {
  answer = () => new Response("", { status: 502 });
  const load = (): ReturnType<Copies["load"]> => Promise.resolve({ head: HEAD, pieces });
  const client = open({ load, save: () => Promise.resolve(), clear: () => Promise.resolve() });
  await vi.waitFor(() => expect(client.status.type).toBe("stale"));
  await new Promise((resolve) => setTimeout(resolve));
  expect([client.hasBoard, client.who]).toEqual([false, undefined]);
});

test("without the page's key there is nobody whose copy would be shown, whoever could not clear it", async () => {
  localStorage.removeItem("skein.page-key");
  answer = () => new Response("", { status: 502 });
  const clear = vi.fn<Copies["clear"]>(() => Promise.resolve());
  const load = (): ReturnType<Copies["load"]> => Promise.resolve({ head: HEAD, pieces: [] });
  const client = open({ load, save: () => Promise.resolve(), clear });
  await vi.waitFor(() => expect(client.status.type).toBe("stale"));
  await vi.waitFor(() => expect(clear).toHaveBeenCalled());
  expect([client.hasBoard, client.who]).toEqual([false, undefined]);
});
