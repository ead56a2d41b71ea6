/** Which branch a diff is read of, in what order it is looked for, and what is said when it cannot be had. */
import { createReplica, err, foundMesh, ok, type OpBody, type Replica, type Result } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createDiffReader, type ReadDiff } from "./attempt-diff.ts";
import type { Changes, GitError, Repository } from "./ports.ts";
import { createManualClock } from "./testing/link-stand.ts";

const ITEM = "aaaaaaaaaaaa";
const me = { signer: testSigner("diff"), incarnation: new Uint8Array(8).fill(1) };
const TIP = "b".repeat(40);
const LANDED = "c".repeat(40);

function replicaWith(bodies: readonly OpBody[]): Replica {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  for (const body of bodies) {
    const on = replica.view().items.get(ITEM)?.best?.id ?? null;
    replica.write([{ entity: ITEM, on, body }], me, 2);
  }
  return replica;
}

const BORN: readonly OpBody[] = [
  { kind: "item.create", title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] },
  { kind: "item.start" },
  { kind: "item.claim", ttl: 1_000 },
];
const SUBMITTED: readonly OpBody[] = [
  ...BORN,
  {
    kind: "item.submit",
    feature: { featureBranch: `skein/${ITEM}/1`, tip: TIP, tree: TIP, commitsAhead: 1 },
  },
];

interface Stand {
  readonly read: ReadDiff;
  /** What git was asked for, in order. */
  readonly asked: string[];
  readonly end: () => void;
}

type Diff = (inputs: { readonly landed?: string | undefined }) => Promise<Result<Changes, GitError>>;

interface StandOptions {
  readonly bodies?: readonly OpBody[];
  readonly landed?: string;
  readonly diff?: Diff;
  readonly fetch?: Result<void, GitError>;
  readonly isOpen?: boolean;
}

const CHANGES: Changes = { base: "a".repeat(40), tip: TIP, files: [], filesLeftOut: 0 };
const missing = (type: GitError["type"]): Result<never, GitError> => err({ type, message: `It is ${type}.` });

function stand(options: StandOptions = {}): Stand {
  const { bodies = SUBMITTED, landed, fetch = ok(undefined), isOpen = true } = options;
  const diff: Diff = options.diff ?? (async () => ok(CHANGES));
  const asked: string[] = [];
  const lifetime = new AbortController();
  const replica = replicaWith(bodies);
  const repository: Pick<Repository, "diff" | "fetchBranch"> = {
    diff: (inputs, signal) => {
      asked.push(inputs.landed === undefined ? "diff" : "diff as landed");
      return signal.aborted ? Promise.resolve(missing("aborted")) : diff(inputs);
    },
    fetchBranch: async (branch) => {
      asked.push(`fetch ${branch}`);
      return fetch;
    },
  };
  const read = createDiffReader(
    {
      clock: createManualClock(),
      view: () => replica.view(),
      repository: () => (isOpen ? repository : undefined),
      landedAs: () => landed,
    },
    lifetime.signal,
  );
  return { read, asked, end: () => lifetime.abort() };
}

const said = async (read: ReadDiff, epoch?: number): Promise<unknown> => {
  const answer = await read({ item: ITEM, epoch });
  return answer.ok ? "ok" : [answer.error.code, answer.error.message];
};

test("the branch is fetched first, and what is answered names it", async () => {
  const { read, asked } = stand();
  const answer = await read({ item: ITEM.slice(0, 4) });
  expect(answer).toEqual(ok({ item: ITEM, epoch: 1, branch: `skein/${ITEM}/1`, ...CHANGES }));
  expect(asked).toEqual([`fetch skein/${ITEM}/1`, "diff"]);
});

test("what has landed needs no branch any more; where the log names a commit that nobody has, the branch does", async () => {
  const there = stand({ landed: LANDED, fetch: missing("missing-branch") });
  expect(await said(there.read)).toBe("ok");
  expect(there.asked).toEqual(["diff as landed"]);
  const invented = stand({
    landed: LANDED,
    diff: async ({ landed }) => (landed === undefined ? ok(CHANGES) : missing("bad-object")),
  });
  expect(await said(invented.read)).toBe("ok");
  expect(invented.asked).toEqual(["diff as landed", `fetch skein/${ITEM}/1`, "diff"]);
});

test("what cannot be had says which kind of trouble it is", async () => {
  expect(await said(stand({ bodies: BORN }).read)).toEqual([
    "not-found",
    `No attempt of item ${ITEM} has published a branch, so there is no diff.`,
  ]);
  expect(await said(stand().read, 7)).toEqual([
    "not-found",
    `The attempt of epoch 7 of item ${ITEM} has published no branch, so there is no diff.`,
  ]);
  expect(await said(stand({ isOpen: false }).read)).toEqual([
    "unavailable",
    "This node has not opened the project's repository. `skein doctor` says why.",
  ]);
  expect(await said(stand({ fetch: missing("missing-branch") }).read)).toEqual(["not-found", "It is missing-branch."]);
  expect(await said(stand({ fetch: missing("remote-unreachable") }).read)).toEqual([
    "unavailable",
    "It is remote-unreachable.",
  ]);
});

test("one diff is read at a time, and none after the node has ended", async () => {
  let running = 0;
  let most = 0;
  const { read, asked, end } = stand({
    diff: async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      return ok(CHANGES);
    },
  });
  await Promise.all([said(read), said(read), said(read)]);
  expect([most, asked.length]).toEqual([1, 6]);
  end();
  expect(await said(read)).toEqual(["unavailable", "It is aborted."]);
});
