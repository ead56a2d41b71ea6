/**
 * A real third-party project through the whole pipeline: the agent changes it for real, its own tests are the gate. One
 * story adds a function with tests and lands, one breaks the tests for good and ends Blocked, one is repaired on its second
 * attempt.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";

import type { NodeProcess } from "../support/node-process.ts";
import { landingOf, type Project } from "../support/project.ts";
import { useWorld } from "../support/world.ts";
import { inStage, skeinLogs, skeinWhy } from "./support/items.ts";
import { THIRD_PARTY_GATE, thirdPartyFiles } from "./support/third-party.ts";

const world = useWorld();
let project: Project;
let node: NodeProcess;

beforeAll(async () => {
  project = await world.project({
    files: thirdPartyFiles(),
    config: { project: "content-type", gate: THIRD_PARTY_GATE, retries: "{ noProgress: 2, total: 3 }" },
  });
  await world.found("alice", project);
  node = await world.start("alice", { slots: 1 });
});

const addFormat = `The parsed value can be written back as a header.

\`\`\`skein
- print: adding format()
- append:
    path: index.js
    content: |

      const tokenRE = /^[!#$%&'*+.^\\w\`|~-]+$/u

      /** Write a parsed media type as a header; what is no token is quoted. */
      function format ({ type, parameters = {} }) {
        if (mediaTypeRE.test(type) === false) throw new TypeError('invalid media type')
        const written = Object.entries(parameters).map(([key, value]) =>
          \`; \${key}=\${tokenRE.test(value) ? value : \`"\${value.replace(/["\\\\]/gu, '\\\\$&')}"\`}\`)
        return type + written.join('')
      }

      module.exports.format = format
- write:
    path: test/format.test.js
    content: |
      'use strict'

      const { test } = require('node:test')
      const assert = require('node:assert')
      const { format, parse } = require('..')

      test('format writes what parse reads', () => {
        for (const header of ['text/html', 'text/html; charset=utf-8', 'a/b; title="q \\\\" \\\\\\\\ z"; x=1']) {
          assert.strictEqual(format(parse(header)), header)
        }
      })

      test('format refuses what is no media type', () => {
        assert.throws(() => format({ type: 'text' }), /invalid media type/)
      })
- commit: Write content types
\`\`\`
`;

test("a change with passing tests lands, and the target branch is what was tested", async () => {
  const { id } = await node.api.addItem({ title: "Write content types", text: addFormat, start: true });
  const done = await inStage(node.api, id, "Done");
  expect(done.attempts).toBe(0);

  const landed = await landingOf(project, id);
  expect(landed.commit).toBe(done.mergeCommit);
  expect(landed.subject).toBe("Write content types");
  const checkout = world.directory("checkout");
  await project.git(["clone", "--quiet", project.remote, checkout], world.directory("."));
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap"], {
    cwd: checkout,
    env: { PATH: process.env["PATH"] },
  });
  expect(stdout).toMatch(/^ok \d+ - format writes what parse reads$/m);
  expect(stdout).toMatch(/# fail 0$/m);
  const formatted = await promisify(execFile)(
    process.execPath,
    ["-p", `require(${JSON.stringify(join(checkout, "index.js"))}).format({ type: "a/b", parameters: { c: "d e" } })`],
    { cwd: checkout },
  );
  expect(formatted.stdout.trim()).toBe('a/b; c="d e"');

  const logs = await skeinLogs(world, "alice", id);
  expect(logs).toContain("adding format()");
  expect(logs).toMatch(/# pass 5\d|ℹ pass 5\d/);
});

test("a change that breaks the tests comes back with their output, and ends Blocked at its retry cap", async () => {
  const text = `Types are shouted.

\`\`\`skein
- replace: { path: index.js, find: type.toLowerCase(), with: type.toUpperCase() }
- commit: Shout
\`\`\`
`;
  const { id } = await node.api.addItem({ title: "Shout the type", text, start: true });
  const archived = await inStage(node.api, id, "Archived");
  expect(archived.archiveReason).toBe("Blocked");

  const history = (await node.api.history(id)).filter((op) => op.winning);
  const sentBack = history.filter((op) => op.kind === "item.sendBack");
  expect(sentBack.map((op) => [op.outcome, op.stage])).toEqual([
    ["accepted", "Coding"],
    ["accepted", "Coding"],
  ]);
  expect(sentBack.map((op) => op.note)).toEqual([
    expect.stringContaining("The gate is red: node --test exited with 1."),
    expect.stringContaining("The gate is red: node --test exited with 1."),
  ]);
  expect(history.filter((op) => op.kind === "item.claim")).toHaveLength(3);

  // Each of the three attempts can be read, with the failing test's own words: its name and what it got.
  const logs = await skeinLogs(world, "alice", id);
  const attempts = logs.split(/^── epoch \d+ on alice: .* ──$/m).slice(1);
  expect(attempts).toHaveLength(3);
  for (const attempt of attempts) {
    expect(attempt).toMatch(/(not ok \d+ -|✖) should parse basic type/);
    expect(attempt).toContain("TEXT/HTML");
    expect(attempt).toMatch(/Gate: node --test exited with 1 after \d+ ms\./);
  }
  expect(logs).toContain("Back to Coding: The gate is red");
  expect(logs).toContain("Giving up: 3 attempts were not enough");

  const why = await skeinWhy(world, "alice", id);
  expect(why).toContain("It is Archived as Blocked.");
  expect(why).toContain("3 attempts were not enough");
  expect(why).toContain("node --test exited with 1");
  expect((await project.landed()).flatMap((commit) => commit.items)).not.toContain(id);
  expect(await project.git(["show", "main:index.js"], project.remote)).not.toContain("toUpperCase");
});

test("a change that is repaired on the second attempt lands, and the agent was told what was wrong", async () => {
  const text = `Parameters can be counted.

\`\`\`skein attempt=1
- append: { path: index.js, content: "\\nmodule.exports.count = (header) => parse(header).parameters.length\\n" }
- write:
    path: test/parameters.test.js
    content: |
      'use strict'
      const { test } = require('node:test')
      const assert = require('node:assert')
      const { count } = require('..')
      test('count counts parameters', () => assert.strictEqual(count('a/b; c=d; e=f'), 2))
- commit: Count parameters
\`\`\`

\`\`\`skein attempt=2+
- run: [node, -e, "require('node:fs').copyFileSync(process.env.SKEIN_STORY_FILE, 'told.md')"]
- append:
    path: index.js
    content: "\\nmodule.exports.count = (header) => Object.keys(parse(header).parameters).length\\n"
- write:
    path: test/parameters.test.js
    content: |
      'use strict'
      const { test } = require('node:test')
      const assert = require('node:assert')
      const { count } = require('..')
      test('count counts parameters', () => assert.strictEqual(count('a/b; c=d; e=f'), 2))
- commit: Count parameters, by their keys
\`\`\`
`;
  const { id } = await node.api.addItem({ title: "Count parameters", text, start: true });
  const done = await inStage(node.api, id, "Done");
  expect(done.attempts).toBe(1);
  expect(done.attemptLog.map((attempt) => attempt.outcome)).toEqual(["sent-back", "landed"]);
  const landed = await landingOf(project, id);
  expect(await project.git(["show", `${landed.commit}:index.js`], project.remote)).toContain(
    "Object.keys(parse(header)",
  );
  const told = await project.git(["show", `${landed.commit}:told.md`], project.remote);
  expect(told).toContain("## The attempt before this one");
  expect(told).toContain("The gate is red: node --test exited with 1.");
  expect(told).toMatch(/(not ok \d+ -|✖) count counts parameters/);
});
