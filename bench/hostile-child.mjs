// One attacker of bench/hostile.mjs in a process of its own. It goes on until it is killed; whoever is cut comes back.
import { dialAs, FLOODS, joinWith, openStranger } from "./attacks.mjs";

const { url, attack, sockets, ticket } = JSON.parse(process.argv[2] ?? "{}");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** So many sockets of this kind at all times, as far as the node lets them. */
async function strangers() {
  const keepOne = async (kind) => {
    for (;;) {
      const stranger = openStranger(kind, url);
      while (stranger.livedMs() === undefined) await pause(100);
      await pause(5_000);
    }
  };
  for (let place = 0; place < sockets; place++) {
    void keepOne(attack);
    if (place % 50 === 0) await pause(20);
  }
}

async function flood() {
  let member = await joinWith({ url, ticket, name: `flood ${attack}` });
  const { identity, mesh } = member;
  for (;;) {
    await FLOODS[attack](member, 8_000);
    member.close();
    await pause(250);
    member = await dialAs({ url, identity, name: `flood ${attack}`, mesh });
  }
}

if (attack in FLOODS) await flood();
else if (attack !== "nobody") await strangers();
