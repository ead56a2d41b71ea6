/** What went wrong with a file of the log, as the port says it. */
import type { StoreError } from "@skein/node";
import { failureOf } from "./sqlite-error.ts";

/** Messages are clauses without a full stop: the node puts them behind what it could not do. */
export function storeError(code: string, file: string): StoreError {
  const type = failureOf(code);
  switch (type) {
    case "disk-full":
      return { type, message: `the disk that holds ${file} is full; free some space and try again` };
    case "read-only":
      return { type, message: `${file} is read-only; make it writable for this user and try again` };
    case "corrupt":
      return {
        type,
        message: `${file} is damaged; start the node again: it puts the file aside and keeps what is whole`,
      };
    case "in-use":
    case "disk-io":
      return { type: "disk-io", message: `${file} could not be written (${code}); check the disk and try again` };
  }
}
