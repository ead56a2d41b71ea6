/**
 * A page used by somebody who has a keyboard and nothing else. Whatever is reached is reached with Tab, as a person reaches it,
 * and every stop on the way has to be seen: in the window, with a ring around it.
 */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

import { NotYet, waitFor } from "../../support/wait.ts";

export interface Keys {
  press(...keys: readonly string[]): Promise<void>;
  type(text: string): Promise<void>;
  /** Presses Tab until this has the focus. */
  to(target: Locator): Promise<void>;
  /** Goes there and presses Enter. */
  enter(target: Locator): Promise<void>;
  /** Goes to a field and types over what is in it. */
  write(field: Locator, text: string): Promise<void>;
  /** Goes to a list and walks along it with the arrows to the option of these words. */
  choose(list: Locator, words: string): Promise<void>;
  /** Goes to a box and ticks it. */
  tick(box: Locator): Promise<void>;
  /** Once no dialog is open; the focus is somewhere in the page then, and not lost. */
  closed(): Promise<void>;
  /** Once this has the focus, without a key. */
  isAt(target: Locator): Promise<void>;
  /** Tab from the page's beginning to its end: what it stops at, and what a mouse could use and Tab never came to. */
  round(): Promise<Round>;
}

interface Round {
  readonly stops: readonly string[];
  readonly missed: readonly string[];
}

/** More stops than any page has: whoever comes this far is in a trap. */
const STOPS = 160;

export function createKeys(page: Page): Keys {
  const stop = async (): Promise<Stop> => {
    const now = await page.evaluate(stopNow);
    if (now.name !== "") expect(now, `the stop at ${now.name}`).toMatchObject({ ring: true, inWindow: true });
    return now;
  };
  const press: Keys["press"] = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const has = (target: Locator): Promise<boolean> => target.evaluateAll(hasFocus);
  const to: Keys["to"] = async (target) => {
    await target.first().waitFor();
    const passed: string[] = [];
    for (let pressed = 0; pressed <= STOPS; pressed++) {
      if (await has(target)) {
        await stop();
        return;
      }
      await press("Tab");
      passed.push((await stop()).name);
    }
    throw new Error(`Tab does not lead to ${String(target)}, but to ${[...new Set(passed)].join(" · ")}`);
  };
  return {
    press,
    type: (text) => page.keyboard.type(text),
    to,
    enter: async (target) => {
      await to(target);
      await press("Enter");
    },
    write: async (field, text) => {
      await to(field);
      await press("Control+a");
      await page.keyboard.type(text);
    },
    choose: async (list, words) => {
      await to(list);
      await press("Home");
      const shown = (): Promise<string> => list.evaluate(shownIn);
      for (let before = ""; before !== (await shown()) && (await shown()) !== words;) {
        before = await shown();
        await press("ArrowDown");
      }
      expect(await shown()).toBe(words);
    },
    tick: async (box) => {
      await to(box);
      await press("Space");
      expect(await box.isChecked()).toBe(true);
    },
    closed: async () => {
      await waitFor("the dialog to be gone", async () => (await page.locator("dialog[open]").count()) === 0);
      await waitFor("the focus to be in the page again", async () => (await page.evaluate(stopNow)).name !== "");
    },
    isAt: async (target) => {
      await waitFor(`${String(target)} to have the focus`, async () => {
        if (await has(target)) return true;
        throw new NotYet(`it is at "${(await page.evaluate(stopNow)).name}"`);
      });
    },
    round: async () => {
      await page.evaluate(beginAgain);
      const stops: string[] = [];
      for (let pressed = 0; pressed < STOPS; pressed++) {
        await press("Tab");
        const { name } = await stop();
        // Behind the last stop comes the browser's own bar, and then the first again.
        if (name === "" || (name === stops[0] && (await page.evaluate(isFirstAgain)))) {
          return { stops, missed: await page.evaluate(missedNow) };
        }
        stops.push(name);
      }
      throw new Error(`Tab never comes to an end: ${stops.slice(-8).join(" · ")}`);
    },
  };
}

interface Stop {
  /** What it is called; empty when nothing has the focus. */
  readonly name: string;
  readonly ring: boolean;
  readonly inWindow: boolean;
}

// ── in the page ──

function stopNow(): Stop {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement != null) at = at.shadowRoot.activeElement;
  if (at === null || at === document.body) return { name: "", ring: false, inWindow: false };
  at.setAttribute("data-was-stop", "");
  const labels = at instanceof HTMLInputElement || at instanceof HTMLSelectElement ? at.labels : null;
  const words = at.getAttribute("aria-label") ?? labels?.[0]?.textContent ?? at.textContent ?? "";
  const name = `${at.tagName.toLowerCase()}${at.id === "" ? "" : `#${at.id}`} ${words.trim().slice(0, 40)}`;
  // The editor and a card have the ring around all of them; the page as a whole, and its headings, are no controls.
  const hasRing = [at, at.closest(".cm-focused"), at.closest(".card")].some((one) => {
    const style = one === null ? undefined : getComputedStyle(one);
    return style !== undefined && style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
  });
  const isPlace = at.id === "main" || at.getAttribute("tabindex") === "-1";
  const { top, left, bottom, right, width, height } = at.getBoundingClientRect();
  const isInside = top < innerHeight && left < innerWidth && bottom > 0 && right > 0;
  return {
    name,
    ring: isPlace || hasRing,
    inWindow: isInside && width > 0 && height > 0,
  };
}

const hasFocus = (all: readonly Element[]): boolean =>
  all.some((one) => {
    const root = one.getRootNode();
    return (root instanceof Document || root instanceof ShadowRoot) && root.activeElement === one;
  });

const shownIn = (list: Element): string =>
  list instanceof HTMLSelectElement ? (list.selectedOptions[0]?.textContent ?? "").trim() : "";

function beginAgain(): void {
  for (const one of document.querySelectorAll("[data-was-stop]")) one.removeAttribute("data-was-stop");
  // As after a reload: nothing has the focus, and Tab begins with the first.
  const first = document.querySelector<HTMLElement>("a.skip");
  first?.focus();
  first?.blur();
  getSelection()?.removeAllRanges();
  document.body.setAttribute("tabindex", "-1");
  document.body.focus();
  document.body.removeAttribute("tabindex");
}

const isFirstAgain = (): boolean => document.activeElement?.matches("a.skip") === true;

function missedNow(): readonly string[] {
  const usable = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary";
  // Lists with one stop, in which arrows go on: cards, tabs, lines of a diff, bars of the timeline.
  const roving = ".card, [role=tablist], .diff-line, .gantt";
  return [...document.querySelectorAll<HTMLElement>(usable)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.closest("[inert]") === null)
    .filter((one) => !one.hasAttribute("data-was-stop") && one.closest(roving) === null)
    .map(
      (one) => `${one.tagName.toLowerCase()} ${(one.getAttribute("aria-label") ?? one.textContent ?? "").slice(0, 40)}`,
    );
}
