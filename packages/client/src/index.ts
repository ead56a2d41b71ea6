/** The board of a node, live, in any program: a page, a script, a bot. Nothing here draws anything. */
export { type Client, connect, type ConnectOptions, type Listener } from "./connect.ts";
export { type Copies, type Copy, copiesInBrowser } from "./copies.ts";
export type { Answer, NodeFacts, Status, Who } from "./facts.ts";
export { followSignOut } from "./page-key.ts";
export { nodesToGoOnWith } from "./passes.ts";
export type { Dial } from "./place.ts";
export { signIn } from "./sign-in.ts";
