/** The board page: takes the token, follows the node's board document, shows it. */
import "./board.css";
import { followBoard, type Connection, type NodeFacts } from "./board-connection.ts";
import { createBoardPage } from "./board-page.ts";
import { viewBoard, type BoardMaps } from "./board-view.ts";
import { byId, element } from "./dom.ts";
import { cleanToken, forgetToken, keepToken, takeToken } from "./session-token.ts";
import { plainText, shorten, timeText } from "./text.ts";

const live = byId("live", HTMLElement);
const form = byId("token-form", HTMLFormElement);
const field = byId("token", HTMLInputElement);
const problem = byId("token-problem", HTMLElement);

const showBoard = createBoardPage();
let frame = 0;

function start(token: string): void {
  form.hidden = true;
  followBoard(token, { onConnection: showConnection, onNode: showNode, onBoard: drawSoon });
}

/** Many changes between two frames are one drawing; a hidden page draws when it is looked at again. */
function drawSoon(read: () => BoardMaps): void {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => {
    showBoard(viewBoard(read()));
    live.hidden = false;
  });
}

function showConnection(connection: Connection): void {
  const words = connectionWords(connection);
  const place = byId("connection", HTMLElement);
  document.documentElement.dataset["connection"] = connection.type;
  if (place.textContent !== words) {
    place.replaceChildren(element("span", { class: "dot", "aria-hidden": "true" }), words);
  }
  if (connection.type === "refused") {
    forgetToken(sessionStorage);
    askForToken("The node did not take this token. Paste the one it has now.");
  }
}

const CONNECTION_WORDS = { connecting: "connecting", live: "live", refused: "not signed in" } as const;

function connectionWords(connection: Connection): string {
  return connection.type === "cut-off"
    ? `cut off since ${timeText(connection.sinceMs, Date.now())}`
    : CONNECTION_WORDS[connection.type];
}

function showNode({ mesh, name }: NodeFacts): void {
  const node = plainText(name) || "unnamed node";
  document.title = `${node} · Skein`;
  byId("place", HTMLElement).replaceChildren(
    element("bdi", { class: "place-node" }, node),
    element("span", { class: "quiet", title: plainText(mesh) }, `mesh ${shorten(plainText(mesh), 8)}`),
  );
}

function askForToken(why: string): void {
  live.hidden = true;
  form.hidden = false;
  problem.textContent = why;
  field.value = "";
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const token = cleanToken(field.value);
  if (token === undefined) {
    askForToken("That is not a token: it has no spaces and only plain characters.");
    return;
  }
  keepToken(sessionStorage, token);
  problem.textContent = "";
  start(token);
});

const token = takeToken({ location, history, storage: sessionStorage });
if (token === undefined) {
  byId("connection", HTMLElement).textContent = "not signed in";
  askForToken("");
} else start(token);
