/** A device's encryption as the transport uses it: one thing at a time, and a fault in it is an answer, not an exception. */
import { createHash } from "node:crypto";

import {
  CollectStrategy,
  DecryptionErrorCode,
  DecryptionSettings,
  DeviceLists,
  EncryptionSettings,
  MegolmDecryptionError,
  OtherUserIdentity,
  RoomId,
  TrustRequirement,
  UserId,
} from "@matrix-org/matrix-sdk-crypto-wasm";
import type {
  Answer,
  CryptographyRequest,
  Deciphered,
  DeviceNews,
  EncryptRequest,
  RoomCryptography,
  RoomEvent,
} from "@skein/chat-matrix";

import { publicKeyOf } from "./identity.ts";
import type { KeptMachine } from "./machine.ts";
import type { Outgoing } from "./requests.ts";

type Content = Readonly<Record<string, unknown>>;

const DONE: Answer<void> = { type: "ok", value: undefined };
/** A Megolm message ends with one. It is left out of the id, as it does not make another message of it. */
const SIGNATURE_BYTES = 64;

export function createCryptography(
  kept: KeptMachine,
  outgoing: Outgoing,
  request: CryptographyRequest,
): RoomCryptography {
  const deps: Deps = { kept, outgoing, request };
  const alone = createTurns();
  return {
    position: kept.position,
    take: (news, to) => alone(() => take(deps, news, to)),
    lostPosition: () =>
      alone(async () => {
        await kept.machine.markAllTrackedUsersAsDirty();
        await kept.save({ position: undefined });
        return DONE;
      }),
    knowsAsEncrypted: (room) => Promise.resolve(kept.encryptedRooms.has(room)),
    noteEncrypted: (room) =>
      alone(async () => {
        await kept.save({ encryptedRooms: [room] });
        return DONE;
      }),
    decrypt: (room, event) => alone(() => decrypt(deps, room, event)),
    encrypt: (one) => alone(() => encrypt(deps, one)),
    close: async () => {
      await alone(() => {
        kept.close();
        return Promise.resolve(DONE);
      });
    },
  };
}

interface Deps {
  readonly kept: KeptMachine;
  readonly outgoing: Outgoing;
  readonly request: CryptographyRequest;
}

type Turns = <T>(run: () => Promise<Answer<T>>) => Promise<Answer<T>>;

function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const turn = last.then(run).catch((cause: unknown) => ({ type: "unsent" as const, reason: reasonOf(cause) }));
    last = turn;
    return turn;
  };
}

async function take({ kept, outgoing }: Deps, news: DeviceNews, to: string): Promise<Answer<void>> {
  await kept.machine.receiveSyncChanges(
    JSON.stringify(news.toDevice),
    new DeviceLists(usersOf(news.changed), usersOf(news.left)),
    new Map(Object.entries(news.oneTimeKeys)),
    news.fallbackKeys === undefined ? undefined : new Set(news.fallbackKeys),
  );
  await kept.save({ position: to });
  const flushed = await outgoing.flush(kept.machine, kept.save);
  await kept.save();
  return flushed;
}

/** From now on it is known what devices these have. */
async function know({ kept, outgoing }: Deps, users: readonly string[]): Promise<Answer<void>> {
  await kept.machine.updateTrackedUsers(usersOf(users));
  return outgoing.flush(kept.machine, kept.save);
}

// ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function decrypt(deps: Deps, room: string, event: RoomEvent): Promise<Answer<Deciphered>> {
  const { machine } = deps.kept;
  const { sender } = event;
  const ciphertext = event.content["ciphertext"];
  if (usersOf([sender]).length === 0 || typeof ciphertext !== "string")
    return unreadable("it is not of the right form");
  const known = await know(deps, [sender]);
  if (known.type !== "ok") return known;
  const expected = deps.request.identities[sender];
  const isLax = deps.request.acceptsUnsigned && expected === undefined;
  const stranger = isLax ? undefined : await strangerIn(deps, sender, expected);
  if (stranger !== undefined) return unreadable(stranger);
  const settings = new DecryptionSettings(isLax ? TrustRequirement.Untrusted : TrustRequirement.CrossSigned);
  try {
    const decrypted = await machine.decryptRoomEvent(
      JSON.stringify({ ...event, room_id: room }),
      new RoomId(room),
      settings,
    );
    if (decrypted.sender.toString() !== sender) return unreadable("it comes from another person's device");
    return clear(decrypted.event, ciphertext);
  } catch (cause) {
    if (cause instanceof MegolmDecryptionError) return unreadableBecause(cause);
    throw cause;
  }
}

/** Why the sender is not who was known under that name; undefined when it is. */
async function strangerIn({ kept }: Deps, sender: string, expected: string | undefined): Promise<string | undefined> {
  const identity = await kept.machine.getIdentity(new UserId(sender));
  const key = identity === undefined ? undefined : publicKeyOf(identity);
  if (expected !== undefined && key !== expected) {
    return `the identity of ${sender} is not the one in the settings`;
  }
  if (!(identity instanceof OtherUserIdentity) || !identity.identityNeedsUserApproval()) return undefined;
  if (expected === undefined) {
    return `${sender} has another identity than before. If that is right, write it into the settings under identities: ${key ?? "unknown"}`;
  }
  await identity.pinCurrentMasterKey();
  await kept.save();
  return undefined;
}

function clear(json: string, ciphertext: string): Answer<Deciphered> {
  const event: unknown = JSON.parse(json);
  if (typeof event !== "object" || event === null || !("type" in event) || !("content" in event)) {
    return unreadable("what is in it is no event");
  }
  const { type, content } = event;
  if (typeof type !== "string" || typeof content !== "object" || content === null) {
    return unreadable("what is in it is no event");
  }
  return { type: "ok", value: { type: "clear", eventType: type, content: content as Content, id: idOf(ciphertext) } };
}

function idOf(ciphertext: string): string {
  const bytes = Buffer.from(ciphertext, "base64");
  return `sealed-${createHash("sha256").update(bytes.subarray(0, -SIGNATURE_BYTES)).digest("hex")}`;
}

const unreadable = (reason: string, later = false): Answer<Deciphered> => ({
  type: "ok",
  value: { type: "unreadable", reason, later },
});

function unreadableBecause({ code, maybe_withheld }: MegolmDecryptionError): Answer<Deciphered> {
  switch (code) {
    case DecryptionErrorCode.MissingRoomKey:
    case DecryptionErrorCode.UnknownMessageIndex:
      return maybe_withheld === undefined
        ? unreadable("the key for it has not come. If it still comes, the message is read then", true)
        : unreadable("the sender's client keeps the key for it from this device");
    case DecryptionErrorCode.UnknownSenderDevice:
      return unreadable("it is not known which device sent it", true);
    case DecryptionErrorCode.UnsignedSenderDevice:
      return unreadable("its sender has not verified the device that it was written on");
    case DecryptionErrorCode.SenderIdentityVerificationViolation:
    case DecryptionErrorCode.MismatchedSender:
    case DecryptionErrorCode.MismatchedIdentityKeys:
      return unreadable("it does not come from whom it says");
    default:
      return unreadable("it cannot be decrypted");
  }
}

// ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function encrypt(deps: Deps, { room, members, type, content }: EncryptRequest): Promise<Answer<Content>> {
  const { kept, outgoing, request } = deps;
  const { machine, save } = kept;
  const known = await know(deps, members);
  if (known.type !== "ok") return known;
  const claim = await machine.getMissingSessions(usersOf(members));
  if (claim !== null) {
    const claimed = await outgoing.send(machine, claim);
    if (claimed.type !== "ok") return claimed;
  }
  const settings = new EncryptionSettings();
  settings.sharingStrategy = request.acceptsUnsigned
    ? CollectStrategy.allDevices()
    : CollectStrategy.identityBasedStrategy();
  const shares = await machine.shareRoomKey(new RoomId(room), usersOf(members), settings);
  await save();
  for (const share of shares) {
    const sent = await outgoing.send(machine, share);
    if (sent.type !== "ok") return sent;
  }
  const encrypted = await machine.encryptRoomEvent(new RoomId(room), type, JSON.stringify(content));
  await save();
  return { type: "ok", value: JSON.parse(encrypted) as Content };
}

/** A name that is none has no devices. They are made anew for each call, as a call uses them up. */
const usersOf = (ids: readonly string[]): UserId[] =>
  ids.flatMap((id) => {
    try {
      return [new UserId(id)];
    } catch {
      return [];
    }
  });

const reasonOf = (cause: unknown): string =>
  `the encryption failed (${cause instanceof Error ? cause.message : String(cause)})`;
