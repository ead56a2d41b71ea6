import { expect, test } from "vitest";
import { plain } from "./line.ts";
import { backTo, createScreen } from "./screen.ts";

function setupScreen(columns: number): {
  readonly screen: ReturnType<typeof createScreen>;
  readonly written: string[];
} {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  return { screen: createScreen({ write, columns: () => columns, color: false, names: [] }), written };
}

test("the first picture hides the cursor, the next one is drawn over it", () => {
  const { screen, written } = setupScreen(20);
  screen.draw([[plain("one")], [plain("two")]]);
  screen.draw([[plain("three")]]);
  expect(written).toEqual(["\u001b[?25lone\u001b[K\ntwo\u001b[K\n\u001b[J", "\u001b[2A\rthree\u001b[K\n\u001b[J"]);
  screen.close();
});

test("closing brings the cursor back, once", () => {
  const { screen, written } = setupScreen(20);
  screen.draw([[plain("one")]]);
  const listeners = process.listenerCount("exit");
  screen.close();
  screen.close();
  expect(written.slice(1)).toEqual(["\u001b[?25h"]);
  expect(process.listenerCount("exit")).toBe(listeners - 1);
});

test("nothing was drawn, so nothing is restored", () => {
  const { screen, written } = setupScreen(20);
  screen.close();
  expect(written).toEqual([]);
});

test("a line never reaches the last column, where a terminal may break it", () => {
  const { screen, written } = setupScreen(6);
  screen.draw([[plain("abcdefgh")]]);
  expect(written[0]).toContain("abcd…\u001b[K");
  screen.close();
});

test("after the terminal became narrower, broken lines count as the rows they take", () => {
  expect(backTo([10, 0, 3], 80)).toBe("\u001b[3A\r");
  expect(backTo([10, 0, 3], 4)).toBe("\u001b[5A\r");
  expect(backTo([], 80)).toBe("");
});
