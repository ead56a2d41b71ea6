/**
 * I29: a line is answered once. Where the platform knows keys nobody ever sees an answer twice; where it does not, no program
 * says it twice, and what two programs say is counted: there may be one in a thousand.
 */
import type { Post } from "../ports/chat-platform.ts";
import type { MakeChecker } from "./checker.ts";

export const oneAnswer: MakeChecker = (world) => {
  const answers = new Map<string, Post>();
  return {
    onPost: (post) => {
      if (post.quotes === null) return;
      const name = `${post.flavor} ${post.quotes}`;
      const before = answers.get(name);
      answers.set(name, post);
      world.note("room: answer");
      if (post.flavor === "blind" && before === undefined) world.note("room: answer on an account without keys");
      if (before === undefined) return;
      if (post.flavor === "keyed" || before.by === post.by) {
        world.violate("I29", `${post.quotes} is answered by ${before.id} and by ${post.id} of ${post.by.name}`);
      } else if (world.machines.some(({ name }) => name.endsWith("-clone"))) {
        world.note("room: answer seen twice, beside a copy of a node");
      } else world.note("room: answer seen twice");
    },
  };
};
