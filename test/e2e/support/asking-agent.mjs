// A stand-in for a coding agent that asks, honestly or not. The story says how: "mode: …".
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const { SKEIN_ASK: place, SKEIN_ITEM: item } = process.env;
const mode = /^mode: (.+)$/m.exec(readFileSync(0, "utf8"))?.[1];

const put = (name, content) => {
  writeFileSync(join(place, `${name}.part`), content);
  renameSync(join(place, `${name}.part`), join(place, `${name}.json`));
};
const file = async (name) => {
  const path = join(place, name);
  while (!existsSync(path)) await delay(50);
  return readFileSync(path, "utf8");
};
const ask = (name, question) => {
  put(name, JSON.stringify(question));
  return file(`${name}.answer`);
};
const keep = (path, content) => {
  writeFileSync(path, content);
  execFileSync("git", ["add", "--all"]);
  execFileSync("git", ["commit", "--quiet", "-m", "Do as told"]);
};

async function hostile() {
  writeFileSync(`${place}-secret`, JSON.stringify({ text: "a secret of another file" }));
  symlinkSync(`${place}-secret`, join(place, "link.json"));
  execFileSync("mkfifo", [join(place, "pipe.json")]);
  mkdirSync(join(place, "folder.json"));
  put("huge", JSON.stringify({ text: "x".repeat(1_000), more: "x".repeat(1_000_000) }));
  put("binary", Buffer.from([0xff, 0xfe, 0, 1, 2, 0x80]));
  put("empty", "");
  put("shape", JSON.stringify({ text: 7, options: "all" }));
  const odd = ["two.dots", "..", "UPPER", "spaced name", "a".repeat(21), "ünicode"];
  for (const name of odd) put(name, JSON.stringify({ text: "an odd name" }));
  const seen = {};
  for (const name of ["link", "pipe", "folder", "huge", "binary", "empty", "shape"]) {
    seen[name] = await file(`${name}.error`);
  }
  for (let number = 0; number < 1_000; number++) put(`n${number}`, JSON.stringify({ text: `Number ${number}?` }));
  const errors = () => readdirSync(place).filter((name) => /^n\d+\.error$/.test(name));
  while (errors().length === 0) await delay(50);
  seen.many = readFileSync(join(place, errors()[0]), "utf8");
  seen.secret = readFileSync(`${place}-secret`, "utf8").includes("a secret") ? "untouched" : "written to";
  seen.odd = readdirSync(place).filter((name) =>
    odd.some((one) => name === `${one}.error` || name === `${one}.answer`),
  );
  keep("seen.json", JSON.stringify(seen));
}

switch (mode) {
  case "asks":
    keep(`answer-${item}.txt`, await ask("port", { text: "Which port?" }));
    break;
  case "asks-options":
    keep(`answer-${item}.txt`, await ask("may-i", { text: "May I delete it?", options: ["allow", "deny"] }));
    break;
  case "asks-and-dies":
    put("hello", JSON.stringify({ text: "Is anybody there?" }));
    // The node has read it by then: a file that is no question, put there later, has been answered.
    put("zz", "");
    await file("zz.error");
    break;
  case "hangs":
    setInterval(() => undefined, 1_000);
    break;
  case "is-hostile":
    await hostile();
    break;
  case "links-answer": {
    writeFileSync(`${place}-other`, "untouched");
    symlinkSync(`${place}-other`, join(place, "name.answer"));
    put("name", JSON.stringify({ text: "What is it called?" }));
    while (readFileSync(join(place, "name.answer"), "utf8") === "untouched") await delay(50);
    const answer = readFileSync(join(place, "name.answer"), "utf8");
    keep(`answer-${item}.txt`, `${answer}, and the other file is ${readFileSync(`${place}-other`, "utf8")}`);
    break;
  }
  default:
    throw new Error(`There is no mode ${mode}.`);
}
