/**
 * A person whose client encrypts: the reference implementation of Matrix's encryption over the plain client-server API, and
 * nothing of the product. Keys are kept in memory.
 */
import {
  CollectStrategy,
  DecryptionSettings,
  DeviceId,
  DeviceLists,
  EncryptionSettings,
  OlmMachine,
  RequestType,
  RoomId,
  TrustRequirement,
  UserId,
} from "@matrix-org/matrix-sdk-crypto-wasm";

import type { MatrixUser, RoomEvent } from "./matrix-user.ts";

export interface SecretUser {
  readonly user: MatrixUser;
  /** The public key that names the person's identity; undefined while there is none. */
  readonly masterKey: string | undefined;
  /** A private room that is encrypted from the start. */
  createRoom(invite: readonly string[]): Promise<string>;
  /** Takes in what came for this device. */
  sync(): Promise<void>;
  /** Encrypts for everybody who is joined, and sends. Resolves with the event's id. */
  send(room: string, content: Readonly<Record<string, unknown>>, type?: string): Promise<string>;
  say(room: string, body: string, more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Encrypts and does not send, so that a test can do with it what a homeserver could. */
  seal(room: string, content: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** The newest events of the room, oldest first, those that are encrypted decrypted. */
  read(room: string): Promise<readonly RoomEvent[]>;
  /** How the homeserver tells the person's devices, and whether their owner signed them: `device` → signed. */
  devicesOf(user: string): Promise<ReadonlyMap<string, boolean>>;
  /** From now on the keys for what is written are not sent to anybody. */
  keepKeys(): void;
  /** Sends the keys that were kept. */
  giveKeys(): Promise<void>;
}

const BODY = "m.room.message";

/** `none`: the device is signed by nobody. `password`: what an account that has an identity already needs for another one. */
export async function createSecretUser(
  user: MatrixUser,
  { identity = "own", password = "" }: { readonly identity?: "own" | "none"; readonly password?: string } = {},
): Promise<SecretUser> {
  const who = await user.call("GET", "/v3/account/whoami");
  const machine = await OlmMachine.initialize(new UserId(user.id), new DeviceId(String(who["device_id"])));
  let since: string | undefined;
  let masterKey: string | undefined;
  let kept: (() => Promise<void>)[] | undefined;

  const post = async (path: string, body: string): Promise<string> =>
    JSON.stringify(await user.call("POST", path, JSON.parse(body)));
  const toDevice = async (request: { event_type: string; txn_id: string; body: string; id: string }): Promise<void> => {
    const path = `/v3/sendToDevice/${request.event_type}/${request.txn_id}`;
    const answer = await user.call("PUT", path, JSON.parse(request.body));
    await machine.markRequestAsSent(request.id, RequestType.ToDevice, JSON.stringify(answer));
  };
  const flush = async (): Promise<void> => {
    for (const request of await machine.outgoingRequests()) {
      if (request.type === RequestType.ToDevice && "txn_id" in request && "event_type" in request) {
        await toDevice(request);
        continue;
      }
      const path = PATHS.get(request.type);
      if (path === undefined || request.id === undefined) continue;
      await machine.markRequestAsSent(request.id, request.type, await post(path, request.body));
    }
  };
  const sync = async (): Promise<void> => {
    const answer = await user.call("GET", `/v3/sync?timeout=0${since === undefined ? "" : `&since=${since}`}`);
    since = String(answer["next_batch"]);
    const lists = (answer["device_lists"] ?? {}) as { changed?: string[]; left?: string[] };
    const events = ((answer["to_device"] ?? {}) as { events?: unknown[] }).events ?? [];
    await machine.receiveSyncChanges(
      JSON.stringify(events),
      new DeviceLists(
        (lists.changed ?? []).map((id) => new UserId(id)),
        (lists.left ?? []).map((id) => new UserId(id)),
      ),
      new Map(Object.entries((answer["device_one_time_keys_count"] ?? {}) as Record<string, number>)),
      new Set((answer["device_unused_fallback_key_types"] ?? []) as string[]),
    );
    await flush();
  };
  const makeIdentity = async (): Promise<void> => {
    const requests = await machine.bootstrapCrossSigning(true);
    const auth = { type: "m.login.password", identifier: { type: "m.id.user", user: user.id }, password };
    await user.call("POST", "/v3/keys/device_signing/upload", {
      ...(JSON.parse(requests.uploadSigningKeysRequest.body) as object),
      ...(password === "" ? {} : { auth }),
    });
    await post("/v3/keys/signatures/upload", requests.uploadSignaturesRequest.body);
    const { master_key } = JSON.parse(requests.uploadSigningKeysRequest.body) as {
      master_key: { keys: Record<string, string> };
    };
    [masterKey] = Object.values(master_key.keys);
  };
  const membersOf = async (room: string): Promise<readonly string[]> => {
    const { joined } = await user.call("GET", `/v3/rooms/${encodeURIComponent(room)}/joined_members`);
    return Object.keys(joined as object);
  };
  const users = (ids: readonly string[]): UserId[] => ids.map((id) => new UserId(id));
  const seal: SecretUser["seal"] = async (room, content) => sealAs(room, content, BODY);
  const sealAs = async (
    room: string,
    content: Readonly<Record<string, unknown>>,
    type: string,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const members = await membersOf(room);
    await machine.updateTrackedUsers(users(members));
    await sync();
    const claim = await machine.getMissingSessions(users(members));
    if (claim !== null) {
      await machine.markRequestAsSent(claim.id, claim.type, await post("/v3/keys/claim", claim.body));
    }
    const settings = new EncryptionSettings();
    settings.sharingStrategy = CollectStrategy.allDevices();
    for (const request of await machine.shareRoomKey(new RoomId(room), users(members), settings)) {
      if (kept === undefined) await toDevice(request);
      else {
        const { event_type, txn_id, body } = request;
        kept.push(async () => {
          await user.call("PUT", `/v3/sendToDevice/${event_type}/${txn_id}`, JSON.parse(body));
        });
        await machine.markRequestAsSent(request.id, RequestType.ToDevice, "{}");
      }
    }
    return JSON.parse(await machine.encryptRoomEvent(new RoomId(room), type, JSON.stringify(content))) as Record<
      string,
      unknown
    >;
  };
  const send: SecretUser["send"] = async (room, content, type = BODY) =>
    user.send(room, "m.room.encrypted", await sealAs(room, content, type));

  await flush();
  if (identity === "own") await makeIdentity();
  await sync();
  return {
    user,
    get masterKey() {
      return masterKey;
    },
    createRoom: (invite) =>
      user.createRoom({
        preset: "private_chat",
        invite,
        initial_state: [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }],
      }),
    sync,
    send,
    say: (room, body, more = {}) => send(room, { msgtype: "m.text", body, ...more }),
    seal,
    read: async (room) => {
      await sync();
      const settings = new DecryptionSettings(TrustRequirement.Untrusted);
      const events = await user.timeline(room);
      return Promise.all(
        events.map(async (event) => {
          if (event.type !== "m.room.encrypted") return event;
          const read = await machine.decryptRoomEvent(JSON.stringify(event), new RoomId(room), settings);
          const { type, content } = JSON.parse(read.event) as Pick<RoomEvent, "type" | "content">;
          return { ...event, type, content };
        }),
      );
    },
    devicesOf: async (id) => {
      await machine.updateTrackedUsers(users([id]));
      await sync();
      const devices = await machine.getUserDevices(new UserId(id));
      return new Map(devices.devices().map((one) => [one.deviceId.toString(), one.isCrossSignedByOwner()]));
    },
    keepKeys: () => {
      kept = [];
    },
    giveKeys: async () => {
      for (const give of kept ?? []) await give();
      kept = undefined;
    },
  };
}

const PATHS: ReadonlyMap<RequestType, string> = new Map([
  [RequestType.KeysUpload, "/v3/keys/upload"],
  [RequestType.KeysQuery, "/v3/keys/query"],
  [RequestType.KeysClaim, "/v3/keys/claim"],
  [RequestType.SignatureUpload, "/v3/keys/signatures/upload"],
]);
