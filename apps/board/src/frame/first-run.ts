/** A mesh without a project has nothing to show: the first look at its board leads to the first steps, once. */
import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Entrance } from "../session.ts";
import { address, addressOf, goTo } from "./router.ts";

export const FIRST_STEPS = "/start";

export function useFirstRun(session: Entrance): void {
  const asked = useRef(false);
  useSignalEffect(() => {
    const isEmptyBoard = session.loaded.value && session.board.value.items.size === 0 && address.value.path === "/";
    if (asked.current || !isEmptyBoard || session.connection.value.type !== "live") return;
    asked.current = true;
    void session.query<readonly unknown[]>("api/v1/projects").then((projects) => {
      if (projects.ok && projects.value.length === 0 && address.peek().path === "/") goTo(addressOf(FIRST_STEPS));
    });
  });
}
