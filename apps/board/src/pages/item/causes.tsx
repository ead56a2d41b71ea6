/** What an item is stuck in: each cause since when, with its way out as a button, or as a line where the page has none. */
import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { addressOf } from "../../frame/router.ts";
import { Ask } from "../../parts/ask.tsx";
import { Copy } from "../../parts/copy.tsx";
import { maySteer } from "../../parts/rights.ts";
import { Ticked } from "../../parts/ticked.tsx";
import { Time } from "../../parts/time.tsx";
import type { Session } from "../../session.ts";
import { plainText, shorten, timeText } from "../../text.ts";
import { exitTexts as texts } from "../../texts/exits.ts";
import { itemTexts } from "../../texts/item.ts";
import type { ActionName } from "./actions.tsx";
import type { Details, StuckCause } from "./details.ts";
import { type WayOut, wayOut } from "./way-out.ts";

export interface CausesProps {
  readonly session: Session;
  readonly item: Details;
  /** The action whose dialog is open. */
  readonly open: Signal<ActionName | undefined>;
  readonly showQuestions: () => void;
  /** The item may stand otherwise now, although nothing of its own has changed. */
  readonly onDone: () => void;
}

export function Causes({ item, ...rest }: CausesProps): JSX.Element {
  return (
    <ul class="item-why item-causes" aria-label={texts.stuck} data-stuck={true}>
      {item.stuck.map((cause) => (
        <li key={`${cause.why} ${cause.exit}`}>
          <p dir="auto">
            <span class="quiet">
              {texts.since} <Time atMs={cause.since} />
              {cause.until === null ? "" : texts.until(timeText(cause.until, Date.now()))}:
            </span>{" "}
            <Ticked text={withStop(plainText(cause.why))} />
          </p>
          <Exit {...rest} item={item} cause={cause} />
        </li>
      ))}
    </ul>
  );
}

/** What an agent asks ends with a mark of its own. */
const withStop = (sentence: string): string => (/[.?!]$/u.test(sentence) ? sentence : `${sentence}.`);

interface ExitProps extends CausesProps {
  readonly cause: StuckCause;
}

function Exit({ session, item, cause, open, showQuestions, onDone }: ExitProps): JSX.Element {
  const way = wayOut(cause, item.id);
  if (way.type === "line") return <Line said={texts.more} line={cause.exit} />;
  if (!maySteer(session)) return <Line said={texts.forOthers} line={cause.exit} />;
  switch (way.type) {
    case "action":
      return (
        <button
          type="button"
          class={way.action === "approve" ? "primary" : ""}
          onClick={() => (open.value = way.action)}
        >
          {itemTexts.action[way.action].name}
        </button>
      );
    case "answer":
      return (
        <button type="button" onClick={showQuestions}>
          {texts.answer}
        </button>
      );
    case "invite":
      return (
        <a class="button" href={addressOf("/mesh")}>
          {texts.invite}
        </a>
      );
    case "ask":
      return <AskFirst session={session} cause={cause} way={way} onDone={onDone} />;
    default:
      return way satisfies never;
  }
}

function Line({ said, line }: { readonly said: string; readonly line: string }): JSX.Element {
  const plain = plainText(line);
  return (
    <p class="exit-line">
      <span class="quiet">{said}</span> <code dir="ltr">{plain}</code>
      <Copy text={plain} label={texts.copy} />
    </p>
  );
}

interface AskFirstProps extends Pick<CausesProps, "session" | "onDone"> {
  readonly cause: StuckCause;
  readonly way: Extract<WayOut, { type: "ask" }>;
}

const NAME_LENGTH = 40;

function AskFirst({ session, cause, way, onDone }: AskFirstProps): JSX.Element {
  const isOpen = useSignal(false);
  const { about } = way;
  const title = "item" in about ? (session.board.value.items.get(about.item)?.title ?? about.item) : about.title;
  const { button, help, done } = way.words(shorten(plainText(title), NAME_LENGTH));
  return (
    <>
      <button type="button" onClick={() => (isOpen.value = true)}>
        <bdi>{button}</bdi>
      </button>
      {isOpen.value ? (
        <Ask
          session={session}
          title={button}
          help={help}
          confirm={button}
          done={done}
          command={() => [way.name, way.input]}
          onClose={() => {
            isOpen.value = false;
            onDone();
          }}
        >
          <Line said={texts.does} line={cause.exit} />
        </Ask>
      ) : null}
    </>
  );
}
