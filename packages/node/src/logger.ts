/**
 * Structured logging: a constant event name and fields. Ids always, payloads and secrets never.
 *
 * error: a person must act. warn: we degraded and go on. info: lifecycle and stage moves. debug: per message.
 */
export type LogLevel = "error" | "warn" | "info" | "debug";

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export type Logger = (level: LogLevel, event: string, fields?: LogFields) => void;
