/** The routes there are: each is a door, and one more is a decision. */
import { expect, test } from "vitest";

import { ROUTES } from "./routes.ts";

test("the route table holds the routes of the contract", () => {
  expect(ROUTES.map(({ method, path, access }) => `${method} ${path} ${access}`)).toEqual([
    "GET /healthz open",
    "GET /metrics program",
    "POST /api/v1/logins program",
    "POST /api/v1/challenges sign-in",
    "POST /api/v1/challenges/answer sign-in",
    "POST /api/v1/session sign-in",
    "POST /api/v1/session/pass-in sign-in",
    "GET /api/v1/session token",
    "POST /api/v1/session/end token",
    "POST /api/v1/session/pass token",
    "GET /api/v1/sessions program",
    "POST /api/v1/sessions/end program",
    "GET /api/v1/node token",
    "GET /api/v1/digest token",
    "GET /api/v1/items token",
    "GET /api/v1/items/:item token",
    "GET /api/v1/items/:item/history token",
    "GET /api/v1/items/:item/diff token",
    "GET /api/v1/claims token",
    "GET /api/v1/nodes token",
    "GET /api/v1/mesh token",
    "GET /api/v1/flow token",
    "GET /api/v1/timeline token",
    "GET /api/v1/queue token",
    "GET /api/v1/queue/blame token",
    "GET /api/v1/members token",
    "GET /api/v1/forks token",
    "GET /api/v1/effects token",
    "GET /api/v1/doctor token",
    "GET /api/v1/projects token",
    "GET /api/v1/artifacts token",
    "GET /api/v1/artifacts/:digest token",
    "GET /api/v1/costs token",
    "GET /api/v1/budget token",
    "GET /api/v1/logs/:item token",
    "GET /api/v1/logs/:item/stream token",
    "POST /api/v1/commands token",
    "POST /api/v1/snapshots program",
  ]);
});
