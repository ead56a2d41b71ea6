// One attacker of bench/hostile.mjs in a process of its own. It goes on until it is killed; whoever is cut comes back.
import { dialAs, FLOODS, joinWith, openStranger } from "./attacks.mjs";

const { url, attack, sockets, ticket } = JSON.parse(process.argv[2] ?? "{}");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** So many sockets of this kind at all times, as far as the node lets them. */
async function strangers() {
  let longest = 0;
  const keepOne = async (kind) => {
    for (;;) {
      const stranger = openStranger(kind, url);
      while (stranger.livedMs() === undefined) await pause(100);
      longest = Math.max(longest, stranger.livedMs());
      await pause(5_000);
    }
  };
  process.on("message", () => process.send?.({ longest }));
  for (let place = 0; place < sockets; place++) {
    void keepOne(attack);
    if (place % 50 === 0) await pause(20);
  }
}

async function flood() {
  let member = await joinWith({ url, ticket, name: `flood ${attack}` });
  const { identity, mesh } = member;
  let times = 0;
  process.on("message", () => process.send?.({ times, refusal: member.refusal() ?? "none" }));
  for (;;) {
    await FLOODS[attack](member, 8_000);
    times++;
    member.close();
    await pause(250);
    member = await dialAs({ url, identity, name: `flood ${attack}`, mesh });
  }
}

if (attack in FLOODS) await flood();
else if (attack === "nobody") process.on("message", () => process.send?.({ times: 0 }));
else await strangers();
