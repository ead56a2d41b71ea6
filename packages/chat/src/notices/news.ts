/** What is worth telling: how an item stands now, what is asked about it, a node that fell silent. Pure. */
import {
  awaitedOf,
  type Body,
  budgetOn,
  code,
  formatUsd,
  type LiveItem,
  type Naming,
  openQuestions,
  plain,
  rightsOn,
  strong,
  type View,
} from "@skein/core";
import type { Json } from "@skein/node";

import type { Verbosity } from "../account.ts";
import { forRooms, itemLine } from "../answers.ts";
import { buttonValue } from "../due.ts";
import { answerValue, labelOf, questionTopic } from "../questions.ts";
import type { Button, Capabilities } from "../transport.ts";
import { type Locale, PHRASES } from "./phrases.ts";

export interface News {
  /** What it is about; the cooldown is bound to this, however often it happens anew. */
  readonly topic: string;
  /** This very happening. */
  readonly id: string;
  readonly level: Verbosity;
  readonly item: LiveItem | undefined;
  /** Wall time, Unix ms. */
  readonly at: number;
  readonly purpose: "notice" | "question";
  /** Questions wait for nobody's cooldown: each is another one. */
  readonly hasCooldown: boolean;
  readonly body: (locale: Locale, inThread: boolean) => Body;
  readonly buttons: (capabilities: Capabilities) => readonly Button[];
}

type Project = (item: LiveItem) => { readonly [key: string]: Json };

const noButtons = (): readonly Button[] => [];

/** What a node knows of the project: who has to be content, and what there is money for. */
export type Waits = Pick<Naming, "qa" | "unpaidAnywhere" | "nameOf">;

const NOTHING_KNOWN: Waits = { nameOf: (key) => key };

export function newsOfItem(item: LiveItem, project: Project, waits: Waits = NOTHING_KNOWN): readonly News[] {
  return [
    ...stageNews(item, project),
    ...troubleNews(item),
    ...holdNews(item),
    ...questionNews(item),
    ...approvalNews(item, waits),
    ...moneyNews(item, waits),
  ];
}

/** Does a person have to say something about it? Then it is still news after quiet hours. */
export function waitsForPerson(item: LiveItem, { qa }: Waits): boolean {
  const policy = qa?.();
  return openQuestions(item).length > 0 || (policy !== undefined && awaitedOf(item, policy).person);
}

function stageNews(item: LiveItem, project: Project): readonly News[] {
  const { state, id: op } = item.best;
  const { stage } = state.stage;
  if (stage === "Backlog") return [];
  const isEnd = stage === "Done" || stage === "Archived";
  const line = itemLine(project(item));
  return [
    {
      topic: `stage/${item.id}/${stage}`,
      // The stage, not the op: being released and claimed again is nothing new.
      id: `stage/${item.id}/${stage}/${isEnd ? op : `${state.generation}.${state.attempts}`}`,
      level: isEnd ? "important" : "stages",
      item,
      at: item.updatedAt,
      purpose: "notice",
      hasCooldown: true,
      body: (_locale, inThread) => {
        const note = state.note === "" ? "" : state.note;
        if (!inThread) return line;
        return [strong(stage), plain(note === "" ? "" : `: ${note}`)];
      },
      buttons: noButtons,
    },
  ];
}

/**
 * What went wrong is nobody's work: a provider's limit, a disk, a remote. The items that one trouble meets are one piece of news,
 * so the topic is what is said of it.
 */
function troubleNews(item: LiveItem): readonly News[] {
  const { state, id: op } = item.best;
  const head = item.entries.get(op);
  const before = head?.on === undefined || head.on === null ? undefined : item.entries.get(head.on)?.outcome;
  const isTrouble =
    head?.kind === "item.sendBack" && before?.type === "accepted" && before.state.attempts === state.attempts;
  if (!isTrouble || state.note === "") return [];
  return [
    {
      // As an op can hold it, whatever a provider says.
      topic: `trouble/${state.note.replaceAll(/[^\p{L}\p{N} ]/gu, "").slice(0, 200)}`,
      id: `trouble/${op}`,
      level: "important",
      item,
      at: item.updatedAt,
      purpose: "notice",
      hasCooldown: true,
      body: () => [
        plain("! "),
        code(`#${item.id.slice(0, 6)}`),
        plain(` ${item.registers.title.value}: ${state.note}`),
      ],
      buttons: noButtons,
    },
  ];
}

function holdNews(item: LiveItem): readonly News[] {
  const { value, id } = item.registers.hold;
  if (value === "") return [];
  return [
    {
      topic: `hold/${item.id}`,
      id: `hold/${id}`,
      level: "everything",
      item,
      at: item.updatedAt,
      purpose: "notice",
      hasCooldown: true,
      body: () => [plain("‖ "), code(`#${item.id.slice(0, 6)}`), plain(` ${item.registers.title.value}: ${value}`)],
      buttons: noButtons,
    },
  ];
}

function questionNews(item: LiveItem): readonly News[] {
  return openQuestions(item).map(({ question, text, options, wall }) => ({
    topic: questionTopic(question),
    id: `question/${item.id}/${question}`,
    level: "important",
    item,
    at: wall,
    purpose: "question",
    hasCooldown: false,
    body: (locale) => {
      const { asks, oneOf, reply } = PHRASES[locale];
      return [
        strong(asks),
        plain(" "),
        code(`#${item.id.slice(0, 6)}`),
        plain(` ${item.registers.title.value}: ${text}`),
        ...(options.length === 0 ? [] : [plain(`\n${oneOf}: ${options.join(", ")}`)]),
        plain(`\n${reply} `),
        code(`answer #${item.id.slice(0, 6)} …`),
      ];
    },
    buttons: ({ buttons }) =>
      options.length === 0 || options.length > buttons || !areTellable(options)
        ? []
        : options.map((option, place) => ({
            label: labelOf(option),
            value: answerValue(item, question, place),
            style: "normal",
          })),
  }));
}

/** Once for each branch: another attempt has to be looked at anew. A node that still holds it is not done with it. */
function approvalNews(item: LiveItem, { qa, nameOf }: Waits): readonly News[] {
  const { stage, claim } = item.best.state;
  const policy = qa?.();
  if (policy === undefined || claim !== null || (stage.stage !== "Qa" && stage.stage !== "Merge")) return [];
  const { person, notBy } = awaitedOf(item, policy);
  if (!person) return [];
  const short = `#${item.id.slice(0, 6)}`;
  return [
    {
      topic: `approval/${item.id}`,
      id: `approval/${item.id}/${stage.tip}`,
      level: "important",
      item,
      at: item.updatedAt,
      purpose: "question",
      hasCooldown: false,
      body: (locale) => {
        const { waits, judges, say } = PHRASES[locale];
        return [
          strong(waits),
          plain(" "),
          code(short),
          plain(
            ` ${item.registers.title.value}: ${judges(notBy.length === 0 ? undefined : notBy.map(nameOf).join(", "))}`,
          ),
          plain(`\n${say} `),
          code(`approve ${short}`),
          plain(", "),
          code(`reject ${short} …`),
        ];
      },
      buttons: ({ buttons }) =>
        buttons === 0 ? [] : [{ label: "Approve", value: buttonValue("approve", item), style: "normal" }],
    },
  ];
}

/**
 * No attempt begins until somebody raises a cap or another day comes. One that was ended for its money has said so already. The
 * items that one cap stops are one piece of news, so the topic is the reason without its amounts.
 */
function moneyNews(item: LiveItem, { unpaidAnywhere }: Waits): readonly News[] {
  const { stage, claim, epoch, overBudget } = item.best.state;
  if (stage.stage !== "Coding" || claim !== null || overBudget || item.registers.hold.value !== "") return [];
  const why = unpaidAnywhere?.()(item);
  if (why === undefined) return [];
  return [
    {
      topic: `money/${why.replaceAll(/[^\p{L} ]/gu, "").slice(0, 200)}`,
      id: `money/${item.id}/${epoch}`,
      level: "important",
      item,
      at: item.updatedAt,
      purpose: "notice",
      hasCooldown: true,
      body: (locale) => [
        strong(PHRASES[locale].money),
        plain(" "),
        code(`#${item.id.slice(0, 6)}`),
        plain(` ${item.registers.title.value}: ${forRooms(`${why}.`)}`),
      ],
      buttons: noButtons,
    },
  ];
}

/** Cut to a button's length two options may read alike: nobody could choose, and WhatsApp refuses the whole message. */
const areTellable = (options: readonly string[]): boolean => new Set(options.map(labelOf)).size === options.length;

export interface NodeNews {
  readonly id: string;
  readonly name: string;
  readonly isAlive: boolean;
  /** Wall time since when it is so. */
  readonly since: number;
}

/** A node that went silent, or came back. */
export const newsOfNode = ({ id, name, isAlive, since }: NodeNews): News => ({
  topic: `node/${id}/${isAlive ? "back" : "silent"}`,
  id: `node/${id}/${isAlive ? "back" : "silent"}/${Math.floor(since / 60_000)}`,
  level: "important",
  item: undefined,
  at: since,
  purpose: "notice",
  hasCooldown: true,
  body: (locale) => [
    plain(isAlive ? "● " : "○ "),
    plain(isAlive ? PHRASES[locale].back(name) : PHRASES[locale].silent(name)),
  ],
  buttons: noButtons,
});

const DAY_MS = 86_400_000;
const PERCENT = 100;
/** Of a day's budget: once when it is nearly gone, and once when it is. */
const BUDGET_LEVELS: readonly number[] = [80, 100];

/** How much of the fleet's budget of this day (UTC) is spent or set aside; the highest level that it has reached. */
export function newsOfBudget(view: Pick<View, "membership" | "items">, nowMs: number): readonly News[] {
  const dawn = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const today = new Date(dawn).toISOString().slice(0, "2026-11-21".length);
  const cap = budgetOn(view.membership, today)?.microUsd;
  if (cap === undefined || cap === null || cap === 0) return [];
  const charged = [...(rightsOn(view, today)?.values() ?? [])].reduce((sum, one) => sum + one.spent + one.reserved, 0);
  const level = BUDGET_LEVELS.findLast((one) => charged * PERCENT >= cap * one);
  if (level === undefined) return [];
  return [
    {
      topic: `budget/${today}/${level}`,
      id: `budget/${today}/${level}/${cap}`,
      level: "important",
      item: undefined,
      at: dawn,
      purpose: "notice",
      hasCooldown: false,
      body: (locale) => [plain("$ "), plain(PHRASES[locale].budget(formatUsd(charged), formatUsd(cap)))],
      buttons: noButtons,
    },
  ];
}
