// A stand-in for a coding agent, run as a plain command. The story says how it behaves: "mode: …", "file: …".
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const story = readFileSync(0, "utf8");
const fromFile = readFileSync(process.env.SKEIN_STORY_FILE, "utf8");
const field = (name) => new RegExp(`^${name}: (.+)$`, "m").exec(story)?.[1];
const mode = field("mode");

const commit = (message) => {
  execFileSync("git", ["add", "--all"]);
  execFileSync("git", ["commit", "--quiet", "-m", message]);
};
const work = () => {
  writeFileSync(`work-${process.env.SKEIN_ITEM}.md`, story);
  commit("Do the work");
};

console.log(`agent: mode ${mode}, the story file is ${fromFile === story ? "the same" : "another"}`);
console.log(`agent: attempt ${process.env.SKEIN_ATTEMPT} on ${process.env.SKEIN_BRANCH}`);
switch (mode) {
  case "idle-hands":
    break;
  case "uncommitted":
    writeFileSync("never-committed.md", story);
    break;
  case "fails-with-commits":
    work();
    console.error("agent: crashing after the commit");
    process.exitCode = 1;
    break;
  case "environment":
    writeFileSync("environment.json", JSON.stringify(process.env));
    work();
    break;
  case "terminal":
    process.stdout.write("\u001b]0;pwned\u0007\u001b]52;c;cHduZWQ=\u001b\\\u001b[31mred\u001b[0m\u001b[2J\u009b31m");
    process.stdout.write("\u202ereversed\u202c bell\u0007 back\b\b\b\b return\r\u0000 end\n");
    work();
    break;
  case "forged-trailer":
    writeFileSync("forged.md", "x\n");
    commit(`Pretend\n\nSkein-Item: ${field("forge")}`);
    break;
  case "until-told":
    work();
    writeFileSync(`${field("file")}.pid`, String(process.pid));
    for (;;) {
      console.log("agent: still here");
      if (existsSync(field("file"))) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    console.log("agent: told to end");
    break;
  case "gate-waits":
    // check.mjs of the tests waits for the file that this one names.
    writeFileSync("gate-wait", field("file"));
    work();
    break;
  case "hangs":
  case "babbles": {
    // A daemon: in a session of its own, its parent gone, its output nowhere, deaf to SIGTERM and SIGHUP.
    const script = `trap "" TERM HUP; echo $$ > '${field("file")}'; while :; do sleep 1; done`;
    spawn("setsid", ["sh", "-c", script], { detached: true, stdio: "ignore" }).unref();
    if (mode === "babbles") setInterval(() => console.log("agent: bla"), 50);
    else setInterval(() => undefined, 1_000);
    break;
  }
  default:
    work();
}
