/** WhatsApp's customer service window: free text only within 24 hours of the person's last message. */
export const WINDOW_MS: number = 24 * 60 * 60 * 1_000;

/** A message that is sent in the window's last minute may arrive after it. */
const MARGIN_MS = 60_000;

export const isWindowOpen = (lastInboundMs: number | null, nowMs: number): boolean =>
  lastInboundMs !== null && nowMs - lastInboundMs < WINDOW_MS - MARGIN_MS;

export const CLOSED =
  "WhatsApp allows free text only within 24 hours of the person's last message, and this account has no template for later";
