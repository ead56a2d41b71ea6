/** The head of every page: where to go, which node answers, whether what is shown is fresh. */
import { Keyboard, LogOut, Monitor, Moon, RefreshCw, Sun } from "lucide-preact";
import type { Status } from "@skein/client";
import type { JSX } from "preact";
import { Copy } from "../parts/copy.tsx";
import type { Entrance, Session } from "../session.ts";
import { plainText, shorten, timeText } from "../text.ts";
import { frameTexts } from "../texts/frame.ts";
import { THEMES, theme } from "./preferences.ts";
import { address, addressOf } from "./router.ts";
import { PAGES } from "./routes.ts";
import { newer } from "./updates.ts";

export interface HeaderProps {
  readonly session: Entrance;
  readonly onKeys: () => void;
}

export function Header({ session, onKeys }: HeaderProps): JSX.Element {
  return (
    <header class="top">
      <h1 class="brand">{frameTexts.product}</h1>
      <nav class="pages" aria-label={frameTexts.pages}>
        {PAGES.flatMap(({ path, link }) =>
          link === undefined ? (
            []
          ) : (
            <a key={path} href={addressOf(path)} aria-current={address.value.path === path ? "page" : undefined}>
              <link.icon size={15} aria-hidden="true" />
              {link.text}
            </a>
          ),
        )}
      </nav>
      <Place session={session} />
      <ConnectionWord session={session} />
      <Update />
      <Person session={session} />
      <div class="tools">
        <ThemeButton />
        <button
          type="button"
          class="icon-button"
          aria-label={frameTexts.keys}
          title={`${frameTexts.keys} (?)`}
          onClick={onKeys}
        >
          <Keyboard size={17} aria-hidden="true" />
        </button>
      </div>
    </header>
  );
}

function Place({ session }: { readonly session: Session }): JSX.Element | null {
  const facts = session.node.value;
  if (facts === undefined) return null;
  const mesh = plainText(facts.mesh);
  return (
    <p class="place">
      <bdi class="place-node">{plainText(facts.name) || frameTexts.unnamedNode}</bdi>
      <span class="quiet place-mesh">
        {frameTexts.mesh(shorten(mesh, 8))}
        <Copy text={mesh} label={frameTexts.copyMesh} />
      </span>
    </p>
  );
}

function ConnectionWord({ session }: { readonly session: Session }): JSX.Element {
  const now = session.connection.value;
  const words = wordsFor(now);
  return (
    <p class="connection" role="status" data-connection={now.type} title={helpFor(now)}>
      <span class="dot" aria-hidden="true" />
      {words}
    </p>
  );
}

/** Moving on to another page does the same. */
function Update(): JSX.Element | null {
  if (newer.value === undefined) return null;
  const { word, help } = frameTexts.newer[newer.value];
  return (
    <button type="button" class="update" aria-label={word} title={help} onClick={() => location.reload()}>
      <RefreshCw size={15} aria-hidden="true" />
      <span>{word}</span>
    </button>
  );
}

const elsewhereOf = (now: Status): string | undefined => (now.type === "live" ? now.elsewhere : undefined);

function wordsFor(now: Status): string {
  if (now.type === "stale") return frameTexts.connection.stale(timeText(now.sinceMs, Date.now()));
  return elsewhereOf(now) === undefined ? frameTexts.connection[now.type] : frameTexts.liveElsewhere;
}

function helpFor(now: Status): string | undefined {
  if (now.type === "stale") return frameTexts.staleHelp;
  const elsewhere = elsewhereOf(now);
  return elsewhere === undefined ? undefined : frameTexts.liveElsewhereHelp(elsewhere);
}

/** Who is signed in, and the way out. A role that may change nothing is said in words: nothing else shows why. */
function Person({ session }: { readonly session: Entrance }): JSX.Element | null {
  const who = session.who.value;
  if (who === undefined || session.connection.value.type === "signed-out") return null;
  const name = plainText(who.name);
  return (
    <p class="person">
      <span
        class="role"
        data-role={who.role}
        title={who.role === "observer" ? frameTexts.looksOnly : frameTexts.signedInAs(name, who.role)}
      >
        {who.role}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label={frameTexts.signOut}
        title={`${frameTexts.signOut} (${frameTexts.signedInAs(name, who.role)})`}
        onClick={() => void session.signOut()}
      >
        <LogOut size={16} aria-hidden="true" />
      </button>
    </p>
  );
}

const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon } as const;

function ThemeButton(): JSX.Element {
  const Icon = THEME_ICONS[theme.value];
  const label = frameTexts.theme.change(frameTexts.theme[theme.value]);
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "system";
      }}
    >
      <Icon size={17} aria-hidden="true" />
    </button>
  );
}
