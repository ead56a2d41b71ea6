/** The types of attacks.mjs for the test that uses it. */
import type { Message, Signer } from "@skein/core";

export interface Stranger {
  readonly kind: string;
  livedMs(): number | undefined;
  destroy(): void;
}

export const STRANGERS: readonly string[];
export function openStranger(kind: string, url: string): Stranger;

export interface Identity {
  readonly signer: Signer;
  readonly incarnation: Uint8Array;
}

export interface HostileMember {
  readonly identity: Identity;
  readonly mesh: Uint8Array;
  isProved(): boolean;
  isClosed(): boolean;
  refusal(): string | undefined;
  frames(): readonly Uint8Array[];
  send(message: Message): void;
  sendInTurn(message: Message): Promise<boolean>;
  pause(): void;
  close(): void;
}

export function newIdentity(): Identity;
export function dialAs(options: {
  readonly url: string;
  readonly identity: Identity;
  readonly name: string;
  readonly mesh: Uint8Array;
  readonly ticket?: Signer;
}): Promise<HostileMember>;
export function joinWith(options: {
  readonly url: string;
  readonly ticket: string;
  readonly name: string;
  readonly identity?: Identity;
}): Promise<HostileMember>;

export const FLOODS: Readonly<Record<string, (member: HostileMember, count: number) => Promise<void>>>;
