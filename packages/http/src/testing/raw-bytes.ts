/** Requests byte by byte, for what no client library writes: headers twice, two lengths, requests in a row. */
import { connect } from "node:net";

/** All that the server says until it hangs up, or until `isDone` of what has come. `lines` are joined by CRLF. */
export function sendBytes(url: string, text: string, isDone = (_answer: string): boolean => false): Promise<string> {
  const { port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      answer += chunk;
      if (isDone(answer)) socket.destroy();
    });
    // What was said before the connection broke is the answer.
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

/** The status of each answer, in their order. */
export const statusesIn = (answer: string): readonly number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
