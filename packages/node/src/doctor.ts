/** `skein doctor`: what a person should know about this node, each line with what to do about it. */
import type { keyStatus, Plain, Role } from "@skein/core";

import type { Alarm } from "./alarms.ts";
import { type Incidents, KEY_REPLACED } from "./incidents.ts";

export interface Examined {
  readonly role: Role | undefined;
  readonly keyStatus: ReturnType<typeof keyStatus>;
  readonly diskProblem: string | undefined;
  readonly notReady: string | undefined;
  /** It is not meant to work. */
  readonly idle: boolean;
  readonly configProblem: string | undefined;
  readonly hasProject: boolean;
  readonly linked: number;
  readonly members: number;
  readonly sandbox: string | undefined;
  /** Why it takes no work by the word of people; undefined when it does. */
  readonly standby: string | undefined;
  /** No attempt begins here before (Unix ms): its agent did not start, or the provider has cut it off. */
  readonly codingFrom: number | undefined;
  /** Items that no node which is alive could take. */
  readonly untakable: number;
  /** Items that say Done and are not on the target branch. */
  readonly refuted: number;
  readonly incidents: Incidents;
  readonly alarms: readonly Alarm[];
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

export function examine(examined: Examined): Plain {
  const checks = [
    membership(examined),
    disk(examined),
    ...alarms(examined),
    links(examined),
    work(examined),
    takers(examined),
    configuration(examined),
    landings(examined),
  ];
  const incidents = examined.incidents.list().map((incident) => ({ ...incident }));
  return { ok: checks.every((check) => check.ok), checks: checks.map((check) => ({ ...check })), incidents };
}

function membership({ role, keyStatus: status, incidents }: Examined): Check {
  const name = "membership";
  if (status === "removed")
    return {
      name,
      ok: false,
      message: "This node's key was removed from the mesh. Ask for a new ticket and join with a new data directory.",
    };
  if (status === "rotated")
    return {
      name,
      ok: false,
      message:
        "This node's key was replaced by another one that is not here: another copy of this data directory rotated it. Run that copy, or join with a new data directory.",
    };
  if (role === undefined)
    return {
      name,
      ok: false,
      message: "This node is not a member yet: it needs a reachable rendezvous and a valid ticket.",
    };
  const replaced = incidents.list().find(({ type }) => type === KEY_REPLACED);
  if (replaced !== undefined)
    return {
      name,
      ok: false,
      message: `${replaced.subject} says that this node's key was replaced by another one. Then this is an old copy of the data directory, and what it writes reaches nobody: run the copy with the new key, or join with a new data directory.`,
    };
  return { name, ok: true, message: `This node is a member with the role ${role}.` };
}

const disk = ({ diskProblem }: Examined): Check => ({
  name: "disk",
  ok: diskProblem === undefined,
  message:
    diskProblem === undefined
      ? "Writes reach the disk."
      : `Nothing can be saved: ${diskProblem}. Make room or repair the disk; the node goes on by itself.`,
});

const alarms = ({ alarms }: Examined): readonly Check[] =>
  alarms.map(({ type, message }) => ({
    name: "alarm",
    ok: false,
    message: `${message} (${type}; \`skein doctor seen\` ends this alarm)`,
  }));

function links({ linked, members }: Examined): Check {
  const name = "links";
  if (members <= 1)
    return { name, ok: true, message: "This is the only member. `skein invite` prints a ticket for another one." };
  if (linked === 0)
    return {
      name,
      ok: false,
      message: "There is no link to any other node: this one works alone until it reaches one.",
    };
  return { name, ok: true, message: `Linked directly to ${linked} of ${members - 1} other members.` };
}

const takers = ({ untakable }: Examined): Check => ({
  name: "labels",
  ok: untakable === 0,
  message:
    untakable === 0
      ? "Every item that waits could be taken by a node that is alive."
      : `${untakable} ${untakable === 1 ? "item waits" : "items wait"} for a node that is not there or takes no work; \`skein why ITEM\` says for which.`,
});

const work = ({ notReady, idle, sandbox, standby, codingFrom }: Examined): Check => ({
  name: "work",
  ok: (notReady === undefined && codingFrom === undefined) || idle,
  message:
    notReady ??
    (standby === undefined ? undefined : `This node takes no more work: it is ${standby}.`) ??
    (codingFrom === undefined ? undefined : restingUntil(codingFrom)) ??
    `Ready to work. Agents run with sandbox: ${sandbox ?? "unknown"}${sandbox === "none" ? ", that is with this user's rights" : ""}.`,
});

const restingUntil = (ms: number): string =>
  `No attempt begins here before ${new Date(ms).toISOString()}: the agent did not start, or its provider has cut it off. \`skein logs ITEM\` of what this node gave back says what happened.`;

function configuration({ configProblem, hasProject }: Examined): Check {
  const name = "skein.yaml";
  if (!hasProject)
    return {
      name,
      ok: false,
      message:
        "There is no project, so nothing can be built: open the page of an owner's node, or run `skein project begin PATH` there.",
    };
  if (configProblem !== undefined)
    return { name, ok: false, message: `The last good one stays in force. ${configProblem}` };
  return { name, ok: true, message: "The one in force is valid." };
}

const landings = ({ refuted }: Examined): Check => ({
  name: "landings",
  ok: refuted === 0,
  message:
    refuted === 0
      ? "Nothing that is Done is missing on the target branch."
      : `${refuted} ${refuted === 1 ? "item says" : "items say"} Done and ${refuted === 1 ? "is" : "are"} not on the target branch; \`skein item list\` marks them, \`skein why ITEM\` says whose word it is and what to do.`,
});
