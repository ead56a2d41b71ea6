/**
 * Whoever uses the keyboard is never left nowhere: when what has the focus is taken out of the page, because the node has done
 * what its button said, the focus goes to the next thing that can have it, or to the one before.
 */

const FOCUSABLE = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex]";

/** Parts that hand their focus on themselves are marked with this. */
const OWN = "[data-hands-on]";

/** A dialog that goes away gives the focus back to where it was, also when that was nowhere. */
const wentWithItsDialog = (lost: Element): boolean => lost.closest("dialog") !== null;

/** Watches for as long as the page lives; once, at the start. */
export function followFocus(): void {
  let last: Element | undefined;
  document.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element) last = target;
  });
  new MutationObserver((records) => {
    const lost = last;
    if (lost === undefined || lost.isConnected || document.activeElement !== document.body) return;
    last = undefined;
    if (wentWithItsDialog(lost)) return;
    // The outermost that went away is the last that the records tell of which still stood in the page.
    const taken = records.findLast((record) => record.target.isConnected && tookOut(record, lost));
    if (taken !== undefined && taken.target instanceof Element) handOn(taken.target, taken);
  }).observe(document.body, { childList: true, subtree: true });
}

const tookOut = ({ removedNodes }: MutationRecord, lost: Element): boolean =>
  [...removedNodes].some((node) => node.contains(lost));

function handOn(from: Element, { nextSibling, previousSibling }: MutationRecord): void {
  if (from.closest(OWN) !== null) return;
  const main = document.getElementById("main");
  const edge = [nextSibling, previousSibling].find((one) => one?.isConnected === true) ?? undefined;
  for (let box: Element | null = from; box !== null && box.parentElement !== main; box = box.parentElement) {
    const all = [...box.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(canHave);
    const next = all.find((one) => isBehind(one, box === from ? edge : from)) ?? all.at(-1);
    if (next === undefined) continue;
    // Where the keyboard is says where somebody looks; the page does not move because of that.
    next.focus({ preventScroll: true });
    return;
  }
  // Another page, or nothing is left of this one: Tab goes on at its beginning.
  main?.focus({ preventScroll: true });
}

const canHave = (one: HTMLElement): boolean => one.tabIndex >= 0 && one.checkVisibility();

/** Everything is behind the edge that there is none of. */
const isBehind = (one: Node, edge: Node | undefined): boolean =>
  edge === undefined ||
  edge.contains(one) ||
  (edge.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
