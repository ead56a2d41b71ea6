/**
 * What the homeserver keeps for this node's device alone: keys that others sent to it, and whose devices changed. The position
 * of the account is shared by all nodes, the one of a device is not, and the homeserver throws away what is older than the
 * position it is asked from. So a node that goes on from another one's position first takes in its own.
 */
import type { MatrixApi } from "./api.ts";
import type { DeviceNews, RoomCryptography } from "./cryptography.ts";
import type { SyncAnswer } from "./events.ts";
import type { Answer } from "./http.ts";

const DONE: Answer<void> = { type: "ok", value: undefined };

export async function catchUp(
  api: Pick<MatrixApi, "deviceSync">,
  cryptography: RoomCryptography,
  signal: AbortSignal,
): Promise<Answer<void>> {
  for (;;) {
    const from = cryptography.position();
    const answer = await api.deviceSync(from, signal);
    if (answer.type === "refused" && answer.status === 400 && from !== undefined) {
      const lost = await cryptography.lostPosition();
      if (lost.type !== "ok") return lost;
      continue;
    }
    if (answer.type !== "ok") return answer;
    const taken = await takeNews(cryptography, answer.value);
    if (taken.type !== "ok" || answer.value.to_device.events.length === 0) return taken;
  }
}

/** Once: a sync that is read again after a failure brings nothing new for the device. */
export async function takeNews(cryptography: RoomCryptography, sync: SyncAnswer): Promise<Answer<void>> {
  if (cryptography.position() === sync.next_batch) return DONE;
  return cryptography.take(newsIn(sync), sync.next_batch);
}

const newsIn = (sync: SyncAnswer): DeviceNews => ({
  toDevice: sync.to_device.events,
  changed: sync.device_lists.changed,
  left: sync.device_lists.left,
  oneTimeKeys: sync.device_one_time_keys_count,
  fallbackKeys: sync.device_unused_fallback_key_types,
});
