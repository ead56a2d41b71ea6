/** How a conversation begins: both sides say what they can, and a session is gone on with, or a new one is opened. */
import { type ClientContext, methods, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";
import { err, ok, type Result } from "@skein/core";
import type { AgentSession } from "@skein/node";

import { said } from "./end-words.ts";
import { field, textAt } from "./untrusted.ts";

export interface SessionWish {
  readonly cwd: string;
  readonly earlier: AgentSession | undefined;
  readonly version: string;
  readonly say: (line: string) => void;
  /** An earlier conversation is being told again, or that is over. */
  readonly onReplay: (isReplaying: boolean) => void;
}

export interface OpenSession {
  readonly id: string;
  /** It is the earlier session. */
  readonly isEarlier: boolean;
  /** What the agent said about it. */
  readonly told: unknown;
}

const ID_LONGEST = 500;

/** Fails with one sentence when the agent is none that this node can talk to. A request that fails is thrown. */
export async function openSession(agent: ClientContext, wish: SessionWish): Promise<Result<OpenSession, string>> {
  const hello: unknown = await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: "skein", version: wish.version },
    // No files and no terminals of ours: the agent has its own, inside of whatever it is shut in.
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      elicitation: { form: {} },
    },
  });
  const version = field(hello, "protocolVersion");
  if (version !== PROTOCOL_VERSION) {
    return err(`The agent speaks version ${said(String(version))} of the protocol, and this node ${PROTOCOL_VERSION}.`);
  }
  const earlier = wish.earlier === undefined ? undefined : await goOn(agent, hello, wish.earlier, wish);
  if (earlier !== undefined) return ok(earlier);
  const told: unknown = await agent.request(methods.agent.session.new, { cwd: wish.cwd, mcpServers: [] });
  const id = textAt(told, "sessionId") ?? "";
  if (id === "" || id.length > ID_LONGEST) return err("The agent gave its session no name that can be used.");
  return ok({ id, isEarlier: false, told });
}

/** Undefined when the agent cannot go on with it: agents forget sessions, and some know them by their directory. */
async function goOn(
  agent: ClientContext,
  hello: unknown,
  { id }: AgentSession,
  { cwd, say, onReplay }: SessionWish,
): Promise<OpenSession | undefined> {
  const capabilities = field(hello, "agentCapabilities");
  const resume = field(field(capabilities, "sessionCapabilities"), "resume");
  const canResume = typeof resume === "object" && resume !== null;
  if (!canResume && field(capabilities, "loadSession") !== true) return undefined;
  const method = canResume ? methods.agent.session.resume : methods.agent.session.load;
  onReplay(true);
  try {
    const told: unknown = await agent.request(method, { sessionId: id, cwd, mcpServers: [] });
    say("The agent goes on with the session of its last attempt.");
    return { id, isEarlier: true, told };
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause;
    say(`The agent cannot go on with the session of its last attempt (${said(cause.message)}): a new one is opened.`);
    return undefined;
  } finally {
    onReplay(false);
  }
}
