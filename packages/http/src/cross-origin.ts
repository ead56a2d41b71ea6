/**
 * What this server tells a browser about requests from the pages of other nodes of the mesh. They carry no cookie and are
 * never told that they may; what they can show is the secret that a pass was exchanged for.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Reply } from "./reply.ts";

export const withCrossOrigin = (reply: Reply, origin: string): Reply => ({
  ...reply,
  headers: { ...reply.headers, "Access-Control-Allow-Origin": origin, Vary: "Origin" },
});

/** The answer to a browser that asks whether it may ask. */
export function preflightReply(headers: IncomingHttpHeaders, origin: string): Reply {
  const isPrivate = headers["access-control-request-private-network"] === "true";
  const reply: Reply = {
    status: 204,
    contentType: "text/plain; charset=utf-8",
    body: "",
    headers: {
      "Access-Control-Allow-Methods": "GET, POST",
      "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Skein-Page",
      "Access-Control-Max-Age": "600",
      ...(isPrivate ? { "Access-Control-Allow-Private-Network": "true" } : {}),
    },
  };
  return withCrossOrigin(reply, origin);
}
