/** Carries out what the machine wants of the homeserver, and tells it the answers. */
import {
  KeysClaimRequest,
  KeysQueryRequest,
  KeysUploadRequest,
  SignatureUploadRequest,
  ToDeviceRequest,
  type OlmMachine,
  type RequestType,
} from "@matrix-org/matrix-sdk-crypto-wasm";
import type { Answer, Http, HttpRequest } from "@skein/chat-matrix";

const TIMEOUT_MS = 20_000;
/** Keys of everybody in a large room. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** One answer may lead to the next request; more rounds than this are a fault. */
const ROUNDS_MAX = 10;

const DONE: Answer<void> = { type: "ok", value: undefined };

/** A request that the machine made, of the kinds that are made here. */
type KeyRequest = KeysUploadRequest | KeysQueryRequest | KeysClaimRequest | ToDeviceRequest | SignatureUploadRequest;

export interface Outgoing {
  /** Everything that the machine has to ask by itself. `save` runs before anything leaves. */
  flush(machine: OlmMachine, save: () => Promise<void>): Promise<Answer<void>>;
  send(machine: OlmMachine, request: KeyRequest): Promise<Answer<void>>;
}

export function createOutgoing(http: Http): Outgoing {
  const send: Outgoing["send"] = async (machine, request) => {
    const answer = await http(httpRequest(request));
    if (answer.type !== "ok") return answer;
    if (request.id !== undefined)
      await machine.markRequestAsSent(request.id, typeOf(request), JSON.stringify(answer.value));
    return DONE;
  };
  return {
    send,
    flush: async (machine, save) => {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const requests = (await machine.outgoingRequests()).filter(isKeyRequest);
        if (requests.length === 0) return DONE;
        // Keys that others learn of have to be here after a crash, too.
        await save();
        for (const request of requests) {
          const sent = await send(machine, request);
          if (sent.type !== "ok") return sent;
        }
      }
      return { type: "unclear", reason: "the homeserver's answers about keys lead to no end" };
    },
  };
}

/** Verifications in rooms and a backup of keys on the homeserver are not used. */
const isKeyRequest = (request: unknown): request is KeyRequest =>
  request instanceof KeysUploadRequest ||
  request instanceof KeysQueryRequest ||
  request instanceof KeysClaimRequest ||
  request instanceof ToDeviceRequest ||
  request instanceof SignatureUploadRequest;

const typeOf = (request: KeyRequest): RequestType => request.type;

function httpRequest(request: KeyRequest): HttpRequest {
  const common = { timeoutMs: TIMEOUT_MS, maxBytes: ANSWER_BYTES_MAX, body: JSON.parse(request.body) as unknown };
  if (request instanceof ToDeviceRequest) {
    const path = `/v3/sendToDevice/${encodeURIComponent(request.event_type)}/${encodeURIComponent(request.txn_id)}`;
    return { method: "PUT", path, ...common };
  }
  return { method: "POST", path: pathOf(request), ...common };
}

function pathOf(request: Exclude<KeyRequest, ToDeviceRequest>): string {
  if (request instanceof KeysUploadRequest) return "/v3/keys/upload";
  if (request instanceof KeysQueryRequest) return "/v3/keys/query";
  if (request instanceof KeysClaimRequest) return "/v3/keys/claim";
  return "/v3/keys/signatures/upload";
}
