import { expect, test } from "vitest";
import { newTies, parseStat, selectLiving, type Living, type ProcEntry } from "./proc-table.ts";

const RUN = { leader: 100, mark: "m", sinceTicks: 50 };

function entry(pid: number, fields: Partial<ProcEntry> = {}): ProcEntry {
  return { pid, state: "S", parent: 1, group: pid, session: pid, startTicks: 60, cpuTicks: 0, ...fields };
}

const unmarked = (): boolean => false;

function select(entries: readonly ProcEntry[], isMarked: (pid: number) => boolean): Living {
  return selectLiving(entries, { run: RUN, ties: newTies(RUN) }, isMarked);
}

test("a command name with spaces and parentheses does not shift the fields", () => {
  const rest = ["0", "0", "0", "0", "0", "0", "0", "10", "20", "30", "40", "0", "0", "0", "0"].join(" ");
  expect(parseStat(`42 (a) b (c) S 7 8 9 ${rest} 1234 0 0`)).toEqual({
    pid: 42,
    state: "S",
    parent: 7,
    group: 8,
    session: 9,
    startTicks: 1234,
    cpuTicks: 100,
  });
  expect(parseStat("")).toBeUndefined();
  expect(parseStat("42 (a) S 1 2")).toBeUndefined();
});

test("the leader's session and group belong to the run", () => {
  const entries = [
    entry(100, { session: 100, group: 100 }),
    entry(101, { session: 100, group: 101 }),
    entry(102, { session: 7, group: 100 }),
    entry(103),
  ];
  expect(select(entries, unmarked).pids).toEqual([100, 101, 102]);
});

test("a marked process belongs, with its descendants and its session", () => {
  const entries = [
    entry(203, { parent: 202 }),
    entry(202, { parent: 201 }),
    entry(201),
    entry(204, { session: 201 }),
    entry(205),
  ];
  const living = select(entries, (pid) => pid === 201);
  expect(living.pids).toEqual([201, 202, 203, 204]);
  expect(living.groups.toSorted((a, b) => a - b)).toEqual([201, 202, 203, 204]);
});

test("processes older than the run and zombies are never members", () => {
  const entries = [entry(100, { startTicks: 49 }), entry(101, { session: 100, state: "Z" }), entry(102)];
  expect(select(entries, (pid) => pid === 100)).toEqual({ pids: [], groups: [] });
});

test("a group with a stranger in it is not signalled as a group", () => {
  const entries = [entry(201, { group: 300 }), entry(301, { group: 300, startTicks: 1 }), entry(202, { group: 202 })];
  const living = select(entries, (pid) => pid === 201 || pid === 202);
  expect(living).toEqual({ pids: [201, 202], groups: [202] });
});

test("a daemon stays known after the process that tied it to the run is gone", () => {
  const ties = newTies(RUN);
  const daemon = entry(204, { session: 201 });
  selectLiving([entry(201), daemon], { run: RUN, ties }, (pid) => pid === 201);
  expect(selectLiving([daemon], { run: RUN, ties }, unmarked).pids).toEqual([204]);
  const recycled = entry(204, { startTicks: 99 });
  expect(selectLiving([recycled], { run: RUN, ties }, unmarked).pids).toEqual([]);
});
