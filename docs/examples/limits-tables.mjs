// The tables of limits and budgets that docs/protocol.md shows, from the constants that the product holds people to.
import { BUDGETS, LIMITS, RELAYED_BEATS, RELAYED_CURSORS, RELAYED_LOG_READS } from "@skein/core";
import { HTTP_LIMITS, YJS_LIMITS } from "@skein/http";

const NOTES = {
  opBytes: "one op's encoded bytes",
  frameOps: "ops in one frame",
  frameBytes: "one frame's encoded bytes",
  packBytes: "one pack's bytes",
  packOps: "frames in one pack, and ops",
  checkpointTips: "feeds and branches that one checkpoint names",
  chunkBytes: "frames of one `frames` message together",
  messageBytesBeforeProof: "one message before the peer has proved its key",
  messageBytes: "one message after that",
  strangerBytes: "all bytes of a connection before the proof, framing and pings included",
  messageFragments: "fragments of one WebSocket message",
  messageChunks: "chunks off the wire that one unfinished message is in",
  upgradeHeaderBytes: "all headers of an upgrade request",
  upgradeHeaders: "headers of an upgrade request",
  depth: "nesting of a decoded value, the outermost being 0",
  elements: "array elements plus map entries of one decoded value",
  feeds: "tips in one `heads`, `heads-page` or `want`",
  locators: "locators in one `want`",
  locatorFrames: "places in one locator",
  outboxBytes: "bytes waiting for one peer before it is cut",
  helloRotations: "rotations of its key that a hello tells",
  inboxBytes: "bytes of one peer's frames that wait to become durable; nothing more is read from it meanwhile",
  barrenAnswers: "answers and refused frames in a row that brought nothing before the link ends",
  handshakeMs: "from the connection to a proved peer",
  idleMs: "silence before a link counts as dead",
  pauseMs: "the longest time that a link over its budget is not read at one time",
  links: "links open at once, proved or not",
  linksPerAddress: "of these from one IPv4 address or one IPv6 network of 64 bits; loopback and trusted proxies are exempt",
  dialTargets: "addresses a node keeps dialing",
  dialsUnderWay: "connections being opened at once",
  helloVersions: "protocol versions in a hello",
  refusalLength: "a refusal's sentence",
  beatBytes: "one beat's encoded bytes",
  beatAddresses: "addresses in a beat",
  beatCursorLength: "the cursor of a chat account in a beat",
  beatLinks: "links that a beat names",
  beatTextLength: "one address, label or activity in a beat",
  logBytes: "the piece of output in one `log-data`",
  logHops: "times that a `log-read` is passed on",
  artifactBytes: "one kept file, before it is packed",
  artifactFiles: "files that one `item.artifact` names",
  artifactNameLength: "the name of a kept file",
  artifactCopies: "members beside the author that a file may be meant for",
  counter: "greatest Lamport stamp, seq and wall time",
  titleLength: "title, reason of a hold",
  textBytes: "text of an item",
  storyUpdateBytes: "the update of one `item.write`",
  storyStructs: "pieces of text in it, and places where it deletes",
  storyInserted: "text in it, in UTF-16 units, with what was typed and deleted again",
  storySessions: "sessions whose work one `item.write` holds",
  storyClock: "UTF-16 units that one session writes in all",
  storyEdits: "`item.write` of one feed on one text",
  storyEffort:
    "steps that Yjs may take over what others wrote at the same place, for all `item.write` of one text; by the order of stamps, what goes beyond is left out, and what builds on it",
  nameLength: "names, entity, kind, refusal code, version in a beat",
  labels: "labels of an item",
  labelLength: "one label",
  dependsOn: "dependencies of an item",
  touches: "patterns of paths that an item or a branch touches",
  touchLength: "one of them",
  noteLength: "note",
  comments: "comments on an item that a node still writes; it reads as many as there are",
  pathLength: "path that a comment is about",
  gateRuns: "runs in one evidence",
  budgetShares: "members in one `budget.set`",
  spendModels: "models in one `item.spend`",
  inviteMs: "from an invite's wall stamp to its `expires`",
  cronLength: "a cron expression",
  chatIdLength: "a principal, room, message or event of a chat platform",
  chatTextLength: "what a person wrote to the mesh",
  chatSpans: "pieces of one message of the mesh",
  chatSends: "messages that one op says were sent",
  configBytes: "configuration text in `project.set`",
};

/** The table of LIMITS; a limit without a note, or a note without a limit, is an error. */
export function limitsTable() {
  const names = Object.keys(LIMITS);
  const unknown = Object.keys(NOTES).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`there is no limit ${unknown.join(", ")}`);
  const rows = names.map((name) => {
    if (NOTES[name] === undefined) throw new Error(`the limit ${name} has no note`);
    return `| \`${name}\` | ${LIMITS[name]} | ${NOTES[name]} |`;
  });
  return ["| name | value | of what |", "|---|---|---|", ...rows].join("\n");
}

const BUDGET_NOTES = {
  links: "links that a member opened and proved",
  bytes: "bytes of messages",
  messages: "messages",
  frames: "frames that were pushed",
  duplicates: "frames that were here already, beyond what others brought since they were asked for",
  misfits: "messages with frames that came before what they build on, or before what names their author",
  junk: "unreadable messages and frames that no honest node sends; each ends its link besides",
  forks: "histories beside another one of a feed of the peer's own key, sent by itself, asked for or not",
  beats: "beats, its own and passed on",
  heads: "`heads` and `heads-page`",
  wants: "`want`",
  logReads: "`log-read`",
};

/** The table of BUDGETS, with the last row for what is passed on of one node's beats. */
export function budgetsTable() {
  const rows = Object.entries(BUDGETS).map(([name, { perSecond, burst, patienceMs }]) => {
    const patience = patienceMs === null ? "slowed down, never cut" : `cut after ${patienceMs / 1_000} s`;
    return `| ${name} | ${perSecond} | ${burst} | ${patience} | ${BUDGET_NOTES[name]} |`;
  });
  const relayed = `| (relayed) | ${RELAYED_BEATS.perSecond} | ${RELAYED_BEATS.burst} | not passed on | beats of one node, passed on by another |`;
  const cursors = `| (cursors) | ${RELAYED_CURSORS.perSecond} | ${RELAYED_CURSORS.burst} | not passed on | cursors of one node's sessions, passed on by another |`;
  const passedOn = `| (passed on) | ${RELAYED_LOG_READS.perSecond} | ${RELAYED_LOG_READS.burst} | not passed on | \`log-read\` of all members together, passed on by one node |`;
  return ["| name | a second | at once | over it | of what |", "|---|---|---|---|---|", ...rows, relayed, cursors, passedOn].join("\n");
}

const HTTP_NOTES = {
  bodyBytes: "body of a request",
  hookBytes: "body of a webhook",
  hooksAtOnce: "webhooks that are read or answered at once",
  bodyDepth: "nesting of a body",
  bodyValues: "values in a body",
  targetLength: "path and query",
  parameterLength: "one parameter of a path",
  headerBytes: "all headers of a request",
  headerCount: "headers of a request",
  connections: "connections open at once; one on which nobody has shown who they are gives way",
  headersTimeoutMs: "until the headers are there",
  requestTimeoutMs: "until the request is there",
  keepAliveTimeoutMs: "a connection without a request",
  idleTimeoutMs: "a connection on which nothing moves",
  closeGraceMs: "for requests under way when the node stops",
  feeds: "readers that follow logs at once",
  pageFiles: "files of the board page",
  pageBytes: "files of the board page together",
  codeMs: "a sign-in link, or a challenge to a key",
  codesOfMember: "sign-in links of one member that wait to be opened",
  signedOfMember: "answered challenges of one member, and used passes for one by one node, that are remembered",
  signInBytes: "the body of a request to sign in",
  sessions: "browser sessions; the one not seen for longest goes",
  sessionMs: "a browser session, however much it is used",
  sessionIdleMs: "a browser session that nobody uses",
  guestSessionMs: "the session of another node's page",
};

const YJS_NOTES = {
  messageBytes: "one message of a reader",
  bufferedBytes: "bytes waiting for one reader before it is cut",
  sockets: "readers at once",
  keepAliveMs: "between two signs of life; a reader that answers none is cut",
  answers: "answers to a reader within `windowMs`",
  messages: "messages of a reader within `windowMs`",
  windowBytes: "bytes of a reader within `windowMs`",
  windowMs: "the window of the three above",
  closeGraceMs: "for a reader to answer a close",
};

const limitRows = (limits, notes) =>
  Object.entries(limits).map(([name, value]) => {
    if (notes[name] === undefined) throw new Error(`the limit ${name} has no note`);
    return `| ${name} | ${value} | ${notes[name]} |`;
  });

/** What the HTTP server and the sockets of the board document hold programs and readers to. */
export function httpLimitsTable() {
  const head = ["| name | value | of what |", "|---|---|---|"];
  const tables = [
    [...head, ...limitRows(HTTP_LIMITS, HTTP_NOTES)],
    [...head, ...limitRows(YJS_LIMITS, YJS_NOTES)],
  ];
  return tables.map((rows) => rows.join("\n")).join("\n\nReaders of the board document:\n\n");
}
