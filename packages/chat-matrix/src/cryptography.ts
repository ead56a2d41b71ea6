/**
 * What the transport needs from whoever knows end-to-end encryption. An implementation is a package of its own, because it
 * is large and most accounts have no use for it. It keeps the keys of one device; the sync loop, the position and what is
 * sent stay the transport's.
 */
import type { TransportServices } from "@skein/chat";

import type { RoomEvent } from "./events.ts";
import type { Answer, Failure, Http } from "./http.ts";
import type { Content } from "./render.ts";

export interface RoomCryptography {
  /** Up to where in the homeserver's stream this device has its messages; undefined before the first time. */
  position(): string | undefined;
  /** Takes in what a sync says to this device. Once it is durable the position is `to`, also when what follows from it failed. */
  take(news: DeviceNews, to: string): Promise<Answer<void>>;
  /** The homeserver does not know the position any more, so what is known of other devices may be old. */
  lostPosition(): Promise<Answer<void>>;
  /** It was encrypted once, and so it is for ever, whatever the homeserver says later. */
  knowsAsEncrypted(room: string): Promise<boolean>;
  noteEncrypted(room: string): Promise<Answer<void>>;
  decrypt(room: string, event: RoomEvent): Promise<Answer<Deciphered>>;
  /** The content of an `m.room.encrypted` event that the members' devices can read. */
  encrypt(request: EncryptRequest): Promise<Answer<Content>>;
  /** Resolves when nothing is under way. */
  close(): Promise<void>;
}

/** The part of a sync that is for the device and not for a room. */
export interface DeviceNews {
  readonly toDevice: readonly unknown[];
  /** Users with other devices than before. */
  readonly changed: readonly string[];
  readonly left: readonly string[];
  readonly oneTimeKeys: Readonly<Record<string, number>>;
  /** Undefined where the homeserver knows no fallback keys. */
  readonly fallbackKeys: readonly string[] | undefined;
}

export type Deciphered =
  | {
      readonly type: "clear";
      readonly eventType: string;
      readonly content: Content;
      /**
       * Of what was encrypted, not of the event that it came in: a homeserver that sends the same ciphertext once more, as a
       * new event, sends nothing new.
       */
      readonly id: string;
    }
  | {
      readonly type: "unreadable";
      /** The end of a sentence that begins with what was not read. */
      readonly reason: string;
      /** The key may still come. */
      readonly later: boolean;
    };

export interface EncryptRequest {
  readonly room: string;
  /** Who shall be able to read it. */
  readonly members: readonly string[];
  readonly type: string;
  readonly content: Content;
}

export interface CryptographyRequest extends Pick<TransportServices, "log"> {
  readonly account: string;
  readonly userId: string;
  readonly deviceId: string;
  /** The secret that guards the keys; the same on all nodes. */
  readonly secret: string;
  /** Carries out commands from devices that their owner has not signed, too. */
  readonly acceptsUnsigned: boolean;
  /** Public master keys by MXID, as people compared them. */
  readonly identities: Readonly<Record<string, string>>;
  readonly http: Http;
}

export type OpenedCryptography =
  | { readonly type: "ok"; readonly value: RoomCryptography }
  /** The homeserver could not be asked; it may be tried again. */
  | Failure
  /** A person has to change something first. One sentence. */
  | { readonly type: "unusable"; readonly reason: string };

export type OpenCryptography = (request: CryptographyRequest) => Promise<OpenedCryptography>;
