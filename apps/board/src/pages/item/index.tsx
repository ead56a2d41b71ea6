/** An item: what it is and why it is where it is, what can be done, and its parts as tabs. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { addressOf, replaceQuery } from "../../frame/router.ts";
import type { PageProps } from "../../frame/routes.ts";
import { useShortcuts } from "../../frame/shortcuts.ts";
import { Problem } from "../../parts/problem.tsx";
import type { Session } from "../../session.ts";
import { itemTexts } from "../../texts/item.ts";
import { ActionBar, type ActionName } from "./actions.tsx";
import { AttemptsTab } from "./attempts-tab.tsx";
import { CostTab } from "./cost-tab.tsx";
import { type Details, revisionOf, standingOf, useAnswer } from "./details.ts";
import { DiffTab } from "./diff-tab.tsx";
import { Facts, ItemHead } from "./head.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { LogTab } from "./log-tab.tsx";
import { QUESTIONS_ID, StoryTab } from "./story-tab.tsx";
import "./item.css";

const TABS = ["story", "attempts", "log", "diff", "history", "cost"] as const;
type Tab = (typeof TABS)[number];

export interface TabProps {
  readonly session: Session;
  readonly item: Details;
  /** Another one whenever something of the item has changed. */
  readonly revision: string;
  /** The attempt that the address names; undefined for the newest. */
  readonly epoch: number | undefined;
  readonly show: (tab: Tab, epoch?: number) => void;
}

export default function ItemPage({ session, route }: PageProps): JSX.Element {
  const id = route.parameters.get("id") ?? "";
  // The board knows the whole id; an address may hold the beginning of one.
  const live = useComputed(() => session.board.value.items.get(id));
  const asked = useSignal(0);
  const around = useComputed(() => standingOf(session.board.value.nodes));
  const revision = `${revisionOf(live.value, session.connection.value.type)} ${asked.value} ${around.value}`;
  const answer = useAnswer<Details>(session, `api/v1/items/${encodeURIComponent(id)}`, revision).value;
  if (answer.type === "loading") return <p class="empty item-waits">{itemTexts.loading}</p>;
  if (answer.type === "failed") {
    return (
      <Problem title={itemTexts.gone} why={answer.message}>
        <a href={addressOf("/")}>{itemTexts.toBoard}</a>
      </Problem>
    );
  }
  // The lease and what the holder does are newer on the board.
  const now = live.value;
  const item = now === undefined ? answer.value : { ...answer.value, claim: now.claim, activity: now.activity };
  const again = (): void => void asked.value++;
  return <Shown session={session} item={item} revision={revision} query={route.query} again={again} />;
}

interface ShownProps extends Pick<TabProps, "session" | "item" | "revision"> {
  readonly query: ReadonlyMap<string, string>;
  readonly again: () => void;
}

const tabNamed = (name: string | undefined): Tab => TABS.find((one) => one === name) ?? "story";

function epochNamed(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/u.test(text) ? Number(text) : undefined;
}

function show(to: Tab, of?: number): void {
  replaceQuery({ tab: to === "story" ? "" : to, epoch: of === undefined ? "" : String(of) });
}

function showQuestions(): void {
  show("story");
  // Where they are asked is drawn by then.
  requestAnimationFrame(() => document.getElementById(QUESTIONS_ID)?.focus());
}

function Shown({ session, item, revision, query, again }: ShownProps): JSX.Element {
  const open = useSignal<ActionName | undefined>(undefined);
  // The address alone knows which tab it is, so that a link to another tab of the same item leads there.
  const tab = tabNamed(query.get("tab"));
  const epoch = epochNamed(query.get("epoch"));
  useShortcuts(() =>
    TABS.map((name, at) => ({
      keys: String(at + 1),
      text: itemTexts.tabKey(itemTexts.tabs[name]),
      place: "here" as const,
      run: () => show(name),
    })),
  );
  return (
    <article class="item" id="item">
      <ItemHead session={session} item={item} open={open} showQuestions={showQuestions} onDone={again} />
      <ActionBar session={session} item={item} open={open} />
      <TabList tab={tab} open={item.questions.length} comments={item.comments.length} />
      <div class="item-body">
        <section class="item-panel" role="tabpanel" id="item-panel" aria-labelledby={`tab-${tab}`} tabIndex={-1}>
          <Panel tab={tab} session={session} item={item} revision={revision} epoch={epoch} show={show} />
        </section>
        <Facts session={session} item={item} />
      </div>
    </article>
  );
}

function Panel({ tab, ...props }: TabProps & { readonly tab: Tab }): JSX.Element {
  switch (tab) {
    case "story":
      return <StoryTab {...props} />;
    case "attempts":
      return <AttemptsTab {...props} />;
    case "log":
      return <LogTab {...props} />;
    case "diff":
      return <DiffTab {...props} />;
    case "history":
      return <HistoryTab {...props} />;
    case "cost":
      return <CostTab {...props} />;
  }
}

interface TabListProps {
  readonly tab: Tab;
  readonly open: number;
  readonly comments: number;
}

/** Arrows go along the tabs, as in any list of tabs. */
function TabList({ tab, open, comments }: TabListProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const at = TABS.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = TABS[(to + TABS.length) % TABS.length] ?? "story";
    show(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  const counts: Partial<Record<Tab, number>> = { story: open, diff: comments };
  return (
    <div class="item-tabs" role="tablist" aria-label={itemTexts.tabList} ref={list} onKeyDown={move}>
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={tab === name}
          aria-controls="item-panel"
          tabIndex={tab === name ? 0 : -1}
          onClick={() => show(name)}
        >
          {itemTexts.tabs[name]}
          {(counts[name] ?? 0) > 0 ? <span class="count"> {counts[name]}</span> : null}
        </button>
      ))}
    </div>
  );
}
