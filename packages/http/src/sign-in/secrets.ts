/** Secrets that a browser or a person is handed: drawn here, kept as digests only, compared in constant time by their digest. */
import { createHash, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/** 256 random bits as text that fits into a cookie, a header and the fragment of an address. */
export const drawSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** A name for people and lists; not a secret. */
export const drawName = (): string => randomBytes(4).toString("hex");

/** A digest is looked up in a map: nobody learns from the time that takes what a secret is that they do not have. */
export const digestOf = (secret: string): string => createHash("sha256").update(secret, "utf8").digest("hex");
