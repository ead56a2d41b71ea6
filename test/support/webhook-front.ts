/**
 * The public address in front of several nodes, where platforms deliver their webhooks: what comes is passed to one node after
 * the other until one takes it, as a balancer and a platform's retries do. On demand it goes to two nodes at once and to the
 * first a second time, so that the mesh sees every way in which one event can arrive.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { headersToForward } from "./http-gate.ts";
import type { NodeProcess } from "./node-process.ts";
import { closeServer, listen, readBody } from "./webhook-stand.ts";

export interface WebhookFront {
  readonly url: string;
  /** The nodes behind it; also those that are dead. */
  nodes: readonly NodeProcess[];
  /** Each event is delivered to two nodes at once, and once more to the first. */
  repeats: boolean;
  /** Status codes that nodes answered, in order; 0 for one that could not be reached. */
  readonly answers: number[];
  close(): Promise<void>;
}

export async function createWebhookFront(): Promise<WebhookFront> {
  let turn = 0;
  const post = async (node: NodeProcess, request: IncomingMessage, body: Buffer): Promise<Delivered> => {
    const delivered = await postTo(node, request, body);
    front.answers.push(delivered.status);
    return delivered;
  };
  const deliver = async (request: IncomingMessage, body: Buffer): Promise<Delivered> => {
    const from = turn++;
    const order = front.nodes
      .map((_, at) => front.nodes[(from + at) % front.nodes.length])
      .filter((one) => one !== undefined);
    const [first, second] = order;
    if (front.repeats && first !== undefined && second !== undefined) {
      await Promise.all([post(first, request, body), post(second, request, body)]);
      await post(first, request, body);
    }
    let last: Delivered = { status: 502, body: "" };
    for (const node of order) {
      last = await post(node, request, body);
      if (last.status >= 200 && last.status < 300) return last;
    }
    return last.status === 0 ? { status: 502, body: "" } : last;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await deliver(request, await readBody(request));
    response.writeHead(status, { "content-type": "text/plain" }).end(body);
  };
  const server: Server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const front: WebhookFront = {
    url: await listen(server),
    nodes: [],
    repeats: true,
    answers: [],
    close: () => closeServer(server),
  };
  return front;
}

interface Delivered {
  readonly status: number;
  readonly body: string;
}

async function postTo(node: NodeProcess, request: IncomingMessage, body: Buffer): Promise<Delivered> {
  const { method = "GET", url = "/" } = request;
  try {
    const answer = await fetch(`${node.endpoints.http}${url}`, {
      method,
      headers: headersToForward(request),
      ...(method === "GET" ? {} : { body: new Uint8Array(body) }),
    });
    return { status: answer.status, body: await answer.text() };
  } catch {
    return { status: 0, body: "" };
  }
}
