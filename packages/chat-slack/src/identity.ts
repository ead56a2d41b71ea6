/** Who the bot token is: what is this account's own, and what is somebody else's, is told apart by these ids. */
import { err, ok, type Result } from "@skein/core";
import { z } from "zod";

import type { SlackApi } from "./api.ts";
import type { Failure } from "./failures.ts";

export interface Identity {
  /** The workspace. */
  readonly team: string;
  readonly enterprise: string | undefined;
  /** The bot's user id: what people mention. */
  readonly user: string;
  /** Its bot id: what its messages carry. */
  readonly bot: string | undefined;
}

const slackId = z.string().regex(/^[A-Z0-9]{1,32}$/);
const authTest = z.object({
  team_id: slackId,
  user_id: slackId,
  bot_id: slackId.optional(),
  enterprise_id: slackId.nullish(),
});

export type WhoAmI = () => Promise<Result<Identity, Failure>>;

/** Asks once, and again only after a failure. */
export function createWhoAmI(api: SlackApi, expectedTeam: string | undefined): WhoAmI {
  let known: Identity | undefined;
  let asking: Promise<Result<Identity, Failure>> | undefined;

  const ask = async (): Promise<Result<Identity, Failure>> => {
    const answer = await api.call("auth.test", {});
    const result = answer.ok ? judge(answer.value, expectedTeam) : answer;
    if (result.ok) known = result.value;
    asking = undefined;
    return result;
  };
  return () => (known === undefined ? (asking ??= ask()) : Promise.resolve(ok(known)));
}

function judge(answer: unknown, expectedTeam: string | undefined): Result<Identity, Failure> {
  const parsed = authTest.safeParse(answer);
  if (!parsed.success) return err({ type: "unknown", reason: "Slack did not say whose token this is" });
  const { team_id: team, user_id: user, bot_id: bot, enterprise_id: enterprise } = parsed.data;
  if (expectedTeam !== undefined && expectedTeam !== team && expectedTeam !== enterprise) {
    const reason = `the bot token belongs to the workspace ${team}, and the account's settings say ${expectedTeam}`;
    return err({ type: "revoked", code: "wrong_team", reason });
  }
  return ok({ team, enterprise: enterprise ?? undefined, user, bot });
}
