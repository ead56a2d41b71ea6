/**
 * Every command that there is, given with every kind of session to a real node: it is refused or let through as the table in
 * docs/trust.md says. The commands are enumerated from the node's own list, the table is read from the page.
 */
import { COMMANDS, type Role, ROLES } from "@skein/core";
import { COMMAND_INPUTS } from "@skein/core/testing";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();

/** Nobody is there; it is a name that two nodes and a browser could use. */
const BOBS_PAGE = "http://192.0.2.7:4711";

/** What a session sends with everything. */
type Shown = Readonly<Record<string, string>>;

interface Answer {
  readonly status: number;
  readonly cookie: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

let alice: NodeProcess;
let bob: NodeProcess;

/** Unlike `fetch` it sends the host and the origin that it is told to. */
function post(node: NodeProcess, path: string, body: object, headers: Shown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${node.endpoints.http}/api/v1/${path}`,
      { method: "POST", headers: { "Content-Type": "application/json", ...headers } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          const fields = JSON.parse(text) as { readonly error?: { readonly message: string } };
          const cookie = response.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
          resolve({
            status: response.statusCode ?? 0,
            cookie,
            fields: { ...fields },
            message: fields.error?.message ?? "",
          });
        });
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

/** Opens a link as the page does. */
async function enter(node: NodeProcess, link: string, page = node.endpoints.http): Promise<Shown> {
  const code = link.slice(link.indexOf("code=") + "code=".length);
  const from = { Host: new URL(page).host, Origin: page };
  const { cookie, fields } = await post(node, "session", { code }, from);
  return { ...from, Cookie: cookie, "X-Skein-Page": String(fields["pageKey"]) };
}

async function byKey(name: string): Promise<Shown> {
  const { stdout } = await world.skein(["ui", "--data", world.dataOf(name), "--at", alice.endpoints.http]);
  return enter(alice, /^http\S+$/m.exec(stdout)?.[0] ?? "");
}

/** Somebody who is in at bob's page as owner, goes on here with a pass. */
async function asGuest(): Promise<Shown> {
  const there = await enter(bob, await bob.api.loginLink("owner"), BOBS_PAGE);
  const self = (await alice.api.nodes()).find(({ self: isSelf }) => isSelf)?.id ?? "";
  const { fields: given } = await post(bob, "session/pass", { to: self }, there);
  const { fields } = await post(alice, "session/pass-in", { pass: given["pass"] }, { Origin: BOBS_PAGE });
  return { Origin: BOBS_PAGE, Authorization: `Bearer ${String(fields["secret"])}` };
}

beforeAll(async () => {
  await world.found("alice");
  alice = await world.start("alice", { slots: 0 });
  bob = await world.join("bob", alice, {
    role: "operator",
    slots: 0,
    headless: false,
    extraArgs: ["--advertise-http", BOBS_PAGE],
  });
  await world.join("carol", alice, { role: "agent", slots: 0 });
  await waitFor("alice to know bob's page", async () =>
    (await alice.api.nodes()).some(({ page }) => page === BOBS_PAGE),
  );
});

/** From the page: the role under which each command stands. */
const NEEDED: ReadonlyMap<string, Role> = new Map(
  ROLES.flatMap((role) => {
    const row = new RegExp(`^\\| ${role} \\| (.+) \\|$`, "m").exec(readFileSync("docs/trust.md", "utf8"))?.[1] ?? "";
    return row.split(", ").map((name) => [name.replaceAll("`", ""), role] as const);
  }),
);

const power = (role: Role): number => ROLES.indexOf(role);

/** Of this node's own machine and member, whatever the role. */
const ON_THIS_MACHINE = new Set(["project.look", "project.begin", "project.practice"]);

type Outcome = "role" | "elsewhere" | "not its key" | "through";

function outcomeOf({ status, message }: Answer): Outcome | `unexpected: ${string}` {
  if (status !== 403) return status < 500 ? "through" : `unexpected: ${message}`;
  if (message.startsWith("You are signed in here as ")) return "role";
  if (message.startsWith("Paths on a node's disk")) return "elsewhere";
  return message.startsWith("A key is rotated by whoever has it") ? "not its key" : `unexpected: ${message}`;
}

interface Kind {
  readonly who: string;
  /** What it may do at most, as the mesh knows it. */
  readonly role: Role;
  readonly open: () => Promise<Shown>;
  /** The node's own member. */
  readonly isOwn: boolean;
  readonly isGuest: boolean;
}

const link = (role: Role): Kind => ({
  who: `a link for ${role}`,
  role,
  open: async () => enter(alice, await alice.api.loginLink(role)),
  isOwn: true,
  isGuest: false,
});

const KINDS: readonly Kind[] = [
  ...ROLES.map(link),
  { who: "the key of an agent", role: "agent", open: () => byKey("carol"), isOwn: false, isGuest: false },
  { who: "the key of an operator", role: "operator", open: () => byKey("bob"), isOwn: false, isGuest: false },
  { who: "a guest from an operator's page", role: "operator", open: asGuest, isOwn: false, isGuest: true },
];

function expected(name: string, { role, isOwn, isGuest }: Kind): Outcome {
  if (isGuest && ON_THIS_MACHINE.has(name)) return "elsewhere";
  if (power(role) < power(NEEDED.get(name) ?? "observer")) return "role";
  return name === "member.rotate" && !isOwn ? "not its key" : "through";
}

test.each(KINDS)("$who may do what the table says, command by command, and no more", async (kind) => {
  const shown = await kind.open();
  const wrong: string[] = [];
  for (const { name } of COMMANDS) {
    const { id } = await alice.api.addItem({ title: `For ${name}` });
    const { ops } = await alice.api.digest();
    const given = await post(alice, "commands", { name, input: COMMAND_INPUTS[name](id) }, shown);
    const [outcome, wanted] = [outcomeOf(given), expected(name, kind)];
    if (outcome !== wanted) wrong.push(`${name}: ${outcome}, not ${wanted} (${given.status} ${given.message})`);
    if (outcome !== "through" && (await alice.api.digest()).ops !== ops) wrong.push(`${name} was refused and wrote`);
  }
  expect(wrong).toEqual([]);
});

test("nobody invites above themselves, gives people of rooms more than they have, or makes a better link of a session", async () => {
  const operator = await enter(alice, await alice.api.loginLink("operator"));
  for (const [name, input] of [
    ["member.invite", { role: "owner" }],
    ["people.pair", { person: "ada", role: "owner" }],
  ] as const) {
    expect([name, (await post(alice, "commands", { name, input }, operator)).status]).toEqual([name, 403]);
  }
  expect((await post(alice, "logins", { role: "owner" }, operator)).status).toBe(403);
});
