/** Slack as a chat transport: events by Socket Mode or by webhook, messages through the Web API. */
export { slackKind } from "./transport.ts";
export type { SlackSettings } from "./settings.ts";
