/**
 * I29: a line is answered once. Where the platform knows keys nobody ever sees an answer twice; where it does not, what is
 * seen twice is counted, and `npm run reliability` holds the count against one in a thousand.
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
      if (post.flavor === "keyed") world.violate("I29", `${post.quotes} is answered by ${before.id} and by ${post.id}`);
      else world.note("room: answer seen twice");
    },
  };
};
