/**
 * What the agent asks while it works: for permission, and for facts. Either a person answers, through the item's open
 * question, or the project has said once and for all what the answer is. Everything else that an agent could ask a client for
 * (files, terminals) is answered by the SDK: there is no such method here.
 */
import {
  type ClientApp,
  type CreateElicitationRequest,
  type CreateElicitationResponse,
  methods,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import type { TurnSpec } from "@skein/node";

import { fieldsOf } from "./elicitation.ts";
import { CANCELLED, chosen, lookOnly, pick, questionOf, titleOf } from "./permission.ts";

export interface AnswerDesk extends Pick<TurnSpec, "permissions" | "ask"> {
  /** A line of the attempt's log. */
  readonly say: (line: string) => void;
  /** Nobody waits for the agent any more. */
  readonly stopped: AbortSignal;
}

export function answerRequests(app: ClientApp, desk: AnswerDesk): void {
  app.onRequest(methods.client.session.requestPermission, ({ params, signal }) =>
    permit(desk, params, AbortSignal.any([signal, desk.stopped])),
  );
  app.onRequest(methods.client.elicitation.create, ({ params, signal }) =>
    fill(desk, params, AbortSignal.any([signal, desk.stopped])),
  );
}

async function permit(
  desk: AnswerDesk,
  request: RequestPermissionRequest,
  signal: AbortSignal,
): Promise<RequestPermissionResponse> {
  const { permissions, ask, say } = desk;
  if (permissions === "look") {
    const { answer, option } = lookOnly(request);
    say(`[permission] ${titleOf(request)}: ${answer}, as it may only look`);
    return chosen(option?.optionId);
  }
  if (permissions !== "ask") {
    const option = pick(request.options, permissions);
    say(`[permission] ${titleOf(request)}: ${permissions}, as skein.yaml says`);
    return chosen(option?.optionId);
  }
  const question = questionOf(request);
  if (question === undefined) return CANCELLED;
  const answer = await ask(question, signal);
  if (signal.aborted) return CANCELLED;
  const id = answer.ok ? question.ids.get(answer.value) : undefined;
  say(`[permission] ${titleOf(request)}: ${answer.ok ? answer.value : `no answer. ${answer.error}`}`);
  return chosen(id ?? pick(request.options, "deny")?.optionId);
}

async function fill(
  desk: AnswerDesk,
  request: CreateElicitationRequest,
  signal: AbortSignal,
): Promise<CreateElicitationResponse> {
  const fields = fieldsOf(request);
  if (!fields.ok) {
    desk.say(`[question] not asked: ${fields.error}`);
    return { action: "decline" };
  }
  const content: Record<string, string | number | boolean> = {};
  for (const { name, question, read } of fields.value) {
    const answer = await desk.ask(question, signal);
    const value = answer.ok ? read(answer.value) : answer;
    if (!value.ok) {
      desk.say(`[question] no answer. ${value.error}`);
      return { action: "cancel" };
    }
    content[name] = value.value;
  }
  return { action: "accept", content };
}
