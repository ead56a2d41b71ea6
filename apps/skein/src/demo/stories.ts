/**
 * The stories of the demo. Each one holds the script that the scripted agent acts out, so that a person can read on the
 * board what is about to happen: a new function, a fixed edge case, and a change that is sent back once.
 */
export interface Story {
  readonly title: string;
  readonly text: string;
}

/** `thinkMs` is how long an agent takes before it writes; long enough to be watched, or to be interrupted. */
export const createStories = ({ thinkMs }: { readonly thinkMs: number }): readonly Story[] => [
  { title: "Say good-bye", text: sayGoodBye(thinkMs) },
  { title: "Show debts as -€5.00", text: showDebts(thinkMs) },
  { title: "Keep accents in slugs", text: keepAccents(thinkMs) },
];

const sayGoodBye = (thinkMs: number): string => `Whoever is greeted should also be sent home.

~~~skein
- print: reading src/greet.mjs
- sleep: ${thinkMs}ms
- append:
    path: src/greet.mjs
    content: |

      /** Says good-bye. */
      export function farewell(name) {
        return "Good-bye, " + name + "!";
      }
- sleep: 300ms
- write:
    path: test/farewell.test.mjs
    content: |
      import assert from "node:assert/strict";
      import { test } from "node:test";
      import { farewell } from "../src/greet.mjs";

      test("says good-bye by name", () => {
        assert.equal(farewell("Ada"), "Good-bye, Ada!");
      });
- run: [node, test/farewell.test.mjs]
- commit: Say good-bye by name
~~~
`;

const showDebts = (thinkMs: number): string => `A debt of five euros shows as €-5.00. It should be -€5.00.

~~~skein
- print: writing the test that fails
- append:
    path: test/money.test.mjs
    content: |

      test("shows debts with the minus in front", () => {
        assert.equal(formatCents(-500), "-€5.00");
      });
- commit: Test how debts are shown
- sleep: ${thinkMs}ms
- print: making it pass
- replace:
    path: src/money.mjs
    find: 'return "€" + (cents / 100).toFixed(2);'
    with: 'return (cents < 0 ? "-€" : "€") + (Math.abs(cents) / 100).toFixed(2);'
- run: [node, test/money.test.mjs]
- commit: Put the minus in front of the sign
~~~
`;

const keepAccents = (thinkMs: number): string => `"Café au lait" becomes caf-au-lait. It should be cafe-au-lait.

The first attempt is in a hurry and does not run the tests. The gate does.

~~~skein attempt=1
- print: rewriting src/slug.mjs in a hurry
- sleep: ${thinkMs}ms
- replace:
    path: src/slug.mjs
    find: .toLowerCase()
    with: .normalize("NFD").replaceAll(/\\p{Mark}/gu, "")
- commit: Take the accents off
~~~

~~~skein attempt=2+
- print: reading why the last attempt was sent back
- sleep: 600ms
- replace:
    path: src/slug.mjs
    find: .toLowerCase()
    with: .normalize("NFD").replaceAll(/\\p{Mark}/gu, "").toLowerCase()
- append:
    path: test/slug.test.mjs
    content: |

      test("writes letters with accents without them", () => {
        assert.equal(slug("Café au lait"), "cafe-au-lait");
      });
- run: [node, test/slug.test.mjs]
- commit: Take the accents off and keep the lower case
~~~
`;
