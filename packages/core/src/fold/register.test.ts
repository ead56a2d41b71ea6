/** Last-writer-wins registers: any order of writes gives the same winner, and no wall time takes part. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { CreateBody } from "../op/bodies.ts";
import type { Place } from "../op/stamp.ts";
import { mergeRegisters, newRegisters, type Registers, writeRegister } from "./register.ts";

const birth: CreateBody = {
  kind: "item.create",
  title: "born",
  text: "",
  type: "bug",
  priority: 1,
  labels: [],
  dependsOn: [],
};

/** Ids are in the opposite order of their authors, so that a decision by id would show. */
const stamp = (lamport: number, author: string): Place => ({
  lamport,
  author,
  id: `${"cba".charAt("abc".indexOf(author))}-${lamport}`,
});

test("writes in any order, any of them repeated, leave the one with the greatest (Lamport, author)", () => {
  const write = fc.record({ lamport: fc.integer({ min: 2, max: 9 }), author: fc.constantFrom("a", "b", "c") });
  fc.assert(
    fc.property(fc.array(write, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), (writes, picks) => {
      const apply = (order: typeof writes): Registers => {
        let registers = newRegisters(birth, stamp(1, "a"));
        for (const { lamport, author } of order) {
          registers = writeRegister(
            registers,
            { field: "title", value: `${author}${lamport}` },
            stamp(lamport, author),
          );
        }
        return registers;
      };
      const shuffled = [...writes, ...writes].toSorted(() => ((picks.next().value ?? 0) % 2 === 0 ? 1 : -1));
      const best = writes.toSorted((a, b) => b.lamport - a.lamport || (a.author < b.author ? 1 : -1))[0];
      expect(apply(shuffled)).toEqual(apply(writes));
      expect(apply(writes).title.value).toBe(`${best?.author}${best?.lamport}`);
    }),
  );
});

test("a write touches its own field only", () => {
  const before = newRegisters(birth, stamp(1, "a"));
  const after = writeRegister(before, { field: "priority", value: 9 }, stamp(2, "b"));
  expect(after).toEqual({ ...before, priority: { ...stamp(2, "b"), isBirth: false, value: 9 } });
});

test("two births of one item merge field by field, the same from either side", () => {
  const a = writeRegister(newRegisters(birth, stamp(1, "a")), { field: "hold", value: "wait" }, stamp(5, "a"));
  const b = newRegisters({ ...birth, title: "again", type: "chore" }, stamp(3, "b"));
  const merged = mergeRegisters(a, b);
  expect(mergeRegisters(b, a)).toEqual(merged);
  expect(merged.title.value).toBe("again");
  expect(merged.type.value).toBe("chore");
  expect(merged.hold.value).toBe("wait");
});
