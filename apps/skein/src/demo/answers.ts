/** What a node answers, as far as the demo looks at it. Checked like everything that comes over a socket. */
import { STAGES } from "@skein/core";
import { z } from "zod";

import type { Client } from "../client.ts";
import { Failure, reasonOf } from "../failure.ts";

const item = z.object({
  id: z.string(),
  title: z.string(),
  stage: z.enum(STAGES),
  epoch: z.number(),
  attempts: z.number(),
  claim: z.object({ node: z.string(), nodeName: z.string(), epoch: z.number(), expired: z.boolean() }).nullable(),
  mergeCommit: z.string().nullable(),
  activity: z.string(),
  note: z.string(),
  updatedAt: z.number(),
});

const node = z.object({
  id: z.string(),
  name: z.string(),
  alive: z.boolean(),
  linked: z.boolean(),
  slots: z.number(),
  slotsFree: z.number(),
});

const historyEntry = z.object({
  op: z.string(),
  kind: z.string(),
  author: z.string(),
  lamport: z.number(),
  winning: z.boolean(),
  epoch: z.number().optional(),
  note: z.string().optional(),
});

const why = z.object({ why: z.array(z.string()) });
const doctor = z.object({ checks: z.array(z.object({ ok: z.boolean(), message: z.string() })) });
const ticket = z.object({ ticket: z.string(), addresses: z.array(z.string()) });

export type DemoItem = Readonly<z.infer<typeof item>>;
export type DemoNode = Readonly<z.infer<typeof node>>;
export type HistoryEntry = Readonly<z.infer<typeof historyEntry>>;

/** What one node says of the whole mesh. */
export interface Snapshot {
  readonly items: readonly DemoItem[];
  readonly nodes: readonly DemoNode[];
}

export async function readSnapshot(client: Client): Promise<Snapshot> {
  const [items, nodes] = await Promise.all([ask(client, "item.list", { all: true }, z.array(item)), readNodes(client)]);
  return { items, nodes };
}

export const readNodes = (client: Client): Promise<readonly DemoNode[]> => ask(client, "nodes", {}, z.array(node));

export const readHistory = (client: Client, id: string): Promise<readonly HistoryEntry[]> =>
  ask(client, "item.history", { item: id }, z.array(historyEntry));

export const readWhy = async (client: Client, id: string): Promise<readonly string[]> =>
  (await ask(client, "why", { item: id }, why)).why;

/** What the node finds wrong with itself. */
export const readComplaints = async (client: Client): Promise<readonly string[]> =>
  (await ask(client, "doctor", {}, doctor)).checks.filter(({ ok }) => !ok).map(({ message }) => message);

export const invite = (client: Client): Promise<z.infer<typeof ticket>> =>
  ask(client, "member.invite", { role: "agent" }, ticket);

/** Adds a story and starts it at once. */
export const addStory = (client: Client, story: { readonly title: string; readonly text: string }): Promise<DemoItem> =>
  ask(client, "item.add", { ...story, start: true }, item);

/** The node went away while it was asked; another one may answer. */
export class NoAnswer extends Failure {}

async function ask<T>(client: Client, name: string, input: unknown, answer: z.ZodType<T>): Promise<T> {
  const result = await client.command(name, input).catch((cause: unknown) => {
    throw cause instanceof Failure ? cause : new NoAnswer(`A node of the demo does not answer: ${reasonOf(cause)}.`);
  });
  if (!result.ok) throw new Failure(`The demo's node refused ${name}: ${result.error.message}`);
  const parsed = answer.safeParse(result.value);
  if (parsed.success) return parsed.data;
  throw new Failure(`The demo's node gave an answer to ${name} that cannot be read: ${reasonOf(parsed.error)}`);
}
