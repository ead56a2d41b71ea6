/** A passphrase, from where it shows in no process list: a file, standard input, or a person at a terminal. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";

import { Failure, reasonOf } from "../failure.ts";

const LEAST_LENGTH = 8;

/** `from` is a file, `-` for standard input, or undefined. `twice` is for a passphrase that is new. */
export async function readPassphrase(from: string | undefined, options: { readonly twice: boolean }): Promise<string> {
  const passphrase = from === undefined ? await ask(options.twice) : readFrom(from);
  if (passphrase.length < LEAST_LENGTH) {
    throw new Failure(`The passphrase is shorter than ${LEAST_LENGTH} characters. Choose a longer one.`, 2);
  }
  return passphrase;
}

function readFrom(from: string): string {
  try {
    return readFileSync(from === "-" ? 0 : from, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    const where = from === "-" ? "standard input" : from;
    throw new Failure(`The passphrase cannot be read from ${where}: ${reasonOf(cause)}.`, 2);
  }
}

async function ask(twice: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new Failure(
      "The key needs a passphrase. Name a file that holds it with --passphrase-file FILE, or - for standard input.",
      2,
    );
  }
  const first = await askOnce("Passphrase of the backup: ");
  if (twice && (await askOnce("Once more: ")) !== first) throw new Failure("The two passphrases differ.", 2);
  return first;
}

/** readline echoes into nothing. */
function askOnce(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    let answered = false;
    lines.on("close", () => {
      process.stderr.write("\n");
      if (!answered) reject(new Failure("No passphrase was given.", 2));
    });
    lines.question("", (answer) => {
      answered = true;
      lines.close();
      resolve(answer);
    });
  });
}
