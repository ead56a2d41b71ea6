// Adds an item and prints what moves: node docs/examples/client-example.mjs http://127.0.0.1:4711/ DIR/token "A title"
import { readFileSync } from "node:fs";
import { connect } from "@skein/client";
import { WebSocket } from "ws";

const [url, tokenFile, title] = process.argv.slice(2);
const client = connect({ url, token: readFileSync(tokenFile, "utf8").trim(), WebSocket });
client.subscribe({
  onStatus: ({ type }) => console.log(type),
  onBoard: (_board, { items }) => items.forEach((item) => console.log(item?.stage, JSON.stringify(item?.title))),
});
console.log(await client.command("item.add", { title }));
