import { createReplica, err, foundMesh, MESH_ENTITY, ok, type OpBody, type Replica } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createProjectStarter, type PreparedProject, type ProjectDesk, type ProjectStarter } from "./project-desk.ts";

const own = { signer: testSigner("founder"), incarnation: new Uint8Array(8) };
const PREPARED: PreparedProject = {
  path: "/home/me/demo",
  name: "demo",
  remote: "/home/me/demo",
  base: "main",
  config: "project: demo\n",
  wrote: true,
};
const LOOK = { name: "project.look", input: { path: "/home/me/demo" } } as const;
const BEGIN = { name: "project.begin", input: { path: "/home/me/demo" } } as const;
const PRACTICE = { name: "project.practice", input: {} } as const;

interface Stand {
  readonly replica: Replica;
  readonly starter: ProjectStarter;
  /** What the desk was asked, in order. */
  readonly asked: string[];
  readonly written: string[];
  readonly set: Parameters<ProjectStarter["run"]>[1];
}

function setup(desk: Partial<ProjectDesk> = {}): Stand {
  const { mesh, frame } = foundMesh({ ...own, meshName: "m", nodeName: "alice", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const asked: string[] = [];
  const written: string[] = [];
  const whole: ProjectDesk = {
    look: (path) => {
      asked.push(`look ${path}`);
      return Promise.resolve(err("Nothing is there."));
    },
    prepare: ({ path }) => {
      asked.push(`prepare ${path}`);
      return Promise.resolve(ok(PREPARED));
    },
    practice: (name) => {
      asked.push(`practice ${name}`);
      return Promise.resolve(ok({ ...PREPARED, name, wrote: false }));
    },
    ...desk,
  };
  const starter = createProjectStarter(whole, () => replica.view());
  const set: Stand["set"] = (project) => {
    written.push(project.name);
    write(replica, { kind: "project.set", ...project });
    return Promise.resolve(ok({}));
  };
  return { replica, starter, asked, written, set };
}

const write = (replica: Replica, body: OpBody, entity = MESH_ENTITY): void =>
  void replica.write([{ entity, on: null, body }], own, 1);

test("a look asks the disk and writes nothing", async () => {
  const { starter, asked, written, set } = setup();
  expect(await starter.run(LOOK, set)).toEqual(err({ code: "not-found", message: "Nothing is there." }));
  expect([asked, written]).toEqual([["look /home/me/demo"], []]);
});

test("what was prepared goes into the log, and the answer says where it is", async () => {
  const { starter, written, set } = setup();
  const { config: _inTheLog, ...answer } = PREPARED;
  expect(await starter.run(BEGIN, set)).toEqual(ok(answer));
  expect(written).toEqual(["demo"]);
});

test("what cannot be prepared reaches no log", async () => {
  const { starter, written, set } = setup({ prepare: () => Promise.resolve(err("It is bare.")) });
  expect(await starter.run(BEGIN, set)).toEqual(err({ code: "not-legal", message: "It is bare." }));
  expect(written).toEqual([]);
});

test("a mesh with a project gets no other one, and its disk is not asked", async () => {
  const { starter, asked, set } = setup();
  await starter.run(BEGIN, set);
  for (const command of [BEGIN, PRACTICE]) {
    expect(await starter.run(command, set)).toMatchObject({ ok: false, error: { code: "not-legal" } });
  }
  expect(asked).toEqual(["prepare /home/me/demo"]);
});

test("after practice comes a repository of one's own, once nothing of the practice is under way", async () => {
  const { starter, replica, written, set } = setup();
  await starter.run(PRACTICE, set);
  expect(await starter.run(PRACTICE, set)).toMatchObject({ ok: false, error: { code: "not-legal" } });
  const [item] = ["0123456789ab"];
  const create: OpBody = {
    kind: "item.create",
    title: "Say hello",
    text: "",
    type: "story",
    priority: 5,
    labels: [],
    dependsOn: [],
  };
  write(replica, create, item);
  const on = replica.view().items.get(item ?? "")?.best?.id ?? null;
  replica.write([{ entity: item ?? "", on, body: { kind: "item.start" } }], own, 1);
  expect(await starter.run(BEGIN, set)).toMatchObject({ ok: false, error: { code: "not-legal" } });
  const head = replica.view().items.get(item ?? "")?.best?.id ?? null;
  replica.write(
    [{ entity: item ?? "", on: head, body: { kind: "item.archive", reason: "Abandoned", note: "" } }],
    own,
    1,
  );
  expect(await starter.run(BEGIN, set)).toMatchObject({ ok: true });
  expect(written).toEqual(["practice", "demo"]);
});

test("two at once are one, and the next may try after a failure", async () => {
  let finish = (_answer: ReturnType<typeof err<string>>): void => undefined;
  const { starter, set } = setup({
    prepare: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  const first = starter.run(BEGIN, set);
  expect(await starter.run(PRACTICE, set)).toMatchObject({ ok: false, error: { code: "unavailable" } });
  finish(err("No."));
  expect(await first).toMatchObject({ ok: false });
  expect(await starter.run(PRACTICE, set)).toMatchObject({ ok: true });
});

test("a node that reaches no disk says so", async () => {
  const { replica, set } = setup();
  const starter = createProjectStarter(undefined, () => replica.view());
  expect(await starter.run(LOOK, set)).toMatchObject({ ok: false, error: { code: "unavailable" } });
});
