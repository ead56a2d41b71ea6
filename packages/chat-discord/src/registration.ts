/**
 * Tells Discord the slash command. Discord keeps it, so it is only told when it knows another one: 200 changes a day are
 * allowed, and each one takes a while to reach everybody.
 */
import type { ChatHost, TransportContext } from "@skein/chat";
import { ok, type Result } from "@skein/core";
import { z } from "zod";

import type { Api, ApiFailure } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import { pause } from "./pause.ts";
import type { DiscordSettings } from "./settings.ts";
import { type CommandOption, describeCommand } from "./verbs.ts";

/** Until Discord knows it, or refuses it. */
export async function keepRegistering(
  parts: { readonly api: Api; readonly settings: DiscordSettings; readonly context: TransportContext },
  host: ChatHost,
  signal: AbortSignal,
): Promise<void> {
  const { api, settings, context } = parts;
  for (let failures = 1; !signal.aborted; failures++) {
    const told = await registerCommand(api, settings, context);
    if (told.ok) return context.log("info", "discord.command", { account: context.account, state: told.value });
    if (told.error.type === "refused") {
      const message = `The slash command /${settings.command} could not be registered: ${told.error.reason}`;
      return host.trouble({ severity: "passing", message });
    }
    const ms = told.error.type === "limited" ? told.error.afterMs : backoffMs(failures, context.random);
    await pause(context.clock, ms, signal);
  }
}

/** `changed` when Discord had to be told. */
async function registerCommand(
  api: Api,
  settings: DiscordSettings,
  context: TransportContext,
): Promise<Result<"changed" | "unchanged", ApiFailure>> {
  const command = describeCommand(settings.command, context.verbs, settings.guild === undefined);
  const scope = settings.guild === undefined ? "" : `/guilds/${settings.guild}`;
  const path: `/${string}` = `/applications/${settings.application}${scope}/commands`;
  const there = await api.request("GET", path);
  // A question that was refused is no reason not to tell.
  if (there.ok && fingerprint(commandsIn(there.value)) === fingerprint([command])) return ok("unchanged");
  if (!there.ok && there.error.type !== "refused") return there;
  const told = await api.request("PUT", path, { body: [command] });
  return told.ok ? ok("changed") : told;
}

const optionSchema: z.ZodType<CommandOption> = z.lazy(() =>
  z.object({
    type: z.number(),
    name: z.string(),
    description: z.string(),
    required: z.boolean().optional(),
    autocomplete: z.boolean().optional(),
    options: z.array(optionSchema).optional(),
  }),
) as z.ZodType<CommandOption>;

const listSchema = z.array(
  z.object({
    type: z.number().default(1),
    name: z.string(),
    description: z.string(),
    options: z.array(optionSchema).default([]),
    contexts: z.array(z.number()).nullish(),
  }),
);

interface Known {
  readonly type: number;
  readonly name: string;
  readonly description: string;
  readonly options: readonly CommandOption[];
  readonly contexts?: readonly number[] | null | undefined;
}

function commandsIn(value: unknown): readonly Known[] {
  const read = listSchema.safeParse(value);
  return read.success ? read.data : [];
}

/** Without what Discord adds and without what is false anyway. */
const fingerprint = (commands: readonly Known[]): string => JSON.stringify(commands.map(essence));

/** Where it may be used counts when it was said. */
const essence = (one: Known | CommandOption): unknown => [
  one.type,
  one.name,
  one.description,
  "contexts" in one ? (one.contexts ?? null) : null,
  "required" in one && one.required,
  "autocomplete" in one && one.autocomplete,
  (one.options ?? []).map(essence),
];
