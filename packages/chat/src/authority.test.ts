/** The least of what the person, the member behind them and the room allow. */
import { type Role, ROLES } from "@skein/core";
import { expect, test } from "vitest";

import { authorityOf } from "./authority.ts";
import { createMeshDouble } from "./testing/index.ts";
import { accountOf, pair, ROOM } from "./testing/rooms.ts";

const least = (...roles: readonly Role[]): Role =>
  ROLES[Math.min(...roles.map((role) => ROLES.indexOf(role)))] ?? "observer";

test("of every person's role, every member's and every room's cap it is the least", () => {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  for (const member of ROLES) {
    const desk = mesh.desk(`m-${member}`, member);
    for (const role of ROLES) {
      const principal = `fake:${member}-${role}`;
      pair(mesh, `${member}-${role}`, principal, { role, member: desk.self() });
      for (const cap of ROLES) {
        const account = accountOf({ rooms: [{ id: ROOM, role: cap, guests: "owner", notices: "nothing" }] });
        const here = authorityOf(principal, { room: ROOM, direct: false }, account, mesh.view());
        expect([member, role, cap, here.role]).toEqual([member, role, cap, least(member, role, cap)]);
        const alone = authorityOf(principal, { room: "!dm", direct: true }, account, mesh.view());
        expect(alone.role).toBe(least(member, role));
      }
    }
  }
});

test("guests have what the room gives them within its cap, and nothing where it gives nothing", () => {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  for (const cap of ROLES) {
    for (const guests of ROLES) {
      const account = accountOf({ rooms: [{ id: ROOM, role: cap, guests, notices: "nothing" }] });
      expect(authorityOf("fake:eve", { room: ROOM, direct: false }, account, mesh.view()).role).toBe(
        least(cap, guests),
      );
      expect(authorityOf("fake:eve", { room: ROOM, direct: true }, account, mesh.view()).role).toBeUndefined();
    }
  }
  const closed = accountOf();
  expect(authorityOf("fake:eve", { room: ROOM, direct: false }, closed, mesh.view()).role).toBeUndefined();
  expect(authorityOf("fake:eve", { room: "!other", direct: false }, closed, mesh.view()).role).toBeUndefined();
  expect(
    authorityOf("fake:eve", { room: ROOM, direct: false }, accountOf({ rooms: [] }), mesh.view()).role,
  ).toBeUndefined();
});

test("a person with the role none is nobody, also where guests are somebody", () => {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  pair(mesh, "ada", "fake:ada");
  mesh.write({ entity: "chat", on: null, body: { kind: "person.role", person: "ada", role: "none" } });
  const open = accountOf({ rooms: [{ id: ROOM, role: "owner", guests: "operator", notices: "nothing" }] });
  expect(authorityOf("fake:ada", { room: ROOM, direct: false }, open, mesh.view()).role).toBeUndefined();
});
