/** Every bound of the HTTP server in one place: what comes from outside is never larger, longer or more than this. */

export const HTTP_LIMITS: {
  readonly bodyBytes: number;
  readonly hookBytes: number;
  readonly hooksAtOnce: number;
  readonly bodyDepth: number;
  readonly bodyValues: number;
  readonly targetLength: number;
  readonly parameterLength: number;
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly connections: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly closeGraceMs: number;
  readonly feeds: number;
  readonly pageFiles: number;
  readonly pageBytes: number;
  readonly codeMs: number;
  readonly codesOfMember: number;
  readonly signedOfMember: number;
  readonly signInBytes: number;
  readonly sessions: number;
  readonly sessionMs: number;
  readonly sessionIdleMs: number;
  readonly guestSessionMs: number;
} = {
  bodyBytes: 256 * 1024,
  /** One webhook; Meta gathers messages into one of up to 3 MB. Anybody may send as much, so only so many are read at once. */
  hookBytes: 3 * 1024 * 1024,
  hooksAtOnce: 32,
  bodyDepth: 16,
  bodyValues: 10_000,
  targetLength: 2_048,
  parameterLength: 200,
  headerBytes: 16 * 1024,
  headerCount: 64,
  connections: 256,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  /** A client that does not read its answer holds no memory longer than this. */
  idleTimeoutMs: 120_000,
  closeGraceMs: 2_000,
  /** Readers that follow logs at once. */
  feeds: 16,
  pageFiles: 200,
  pageBytes: 16 * 1024 * 1024,
  /** A login link is opened at once, or made again. */
  codeMs: 2 * 60_000,
  codesOfMember: 20,
  /** Answered challenges, and passes that one node has signed for the member, that are remembered until they expire. */
  signedOfMember: 200,
  /** Whoever signs in is nobody yet: more than the longest pass is not read. */
  signInBytes: 8 * 1024,
  sessions: 200,
  /** However much a session is used, somebody shows again who they are after two weeks. */
  sessionMs: 14 * 24 * 3_600_000,
  /** A page that is open, or was yesterday. */
  sessionIdleMs: 36 * 3_600_000,
  /** For a page of another node, which went on here. */
  guestSessionMs: 24 * 3_600_000,
};

export interface YjsLimits {
  /** A client only asks for state; its state vector is the largest thing it has a reason to send. */
  readonly messageBytes: number;
  /** A reader that lets this much queue up is cut and asks again when it is back. */
  readonly bufferedBytes: number;
  readonly sockets: number;
  /** Half of the 30 s after which the stock client takes a silent server for dead. */
  readonly keepAliveMs: number;
  /** Answers to "what is new" per socket within `windowMs`; each one encodes the document. */
  readonly answers: number;
  /** Messages of any kind per socket within `windowMs`, and their bytes. Most have no effect and still cost reading. */
  readonly messages: number;
  readonly windowBytes: number;
  readonly windowMs: number;
  /** How long a client may take to answer a close. */
  readonly closeGraceMs: number;
}

export const YJS_LIMITS: YjsLimits = {
  messageBytes: 64 * 1024,
  bufferedBytes: 8 * 1024 * 1024,
  sockets: 64,
  keepAliveMs: 15_000,
  answers: 20,
  messages: 500,
  windowBytes: 1024 * 1024,
  windowMs: 10_000,
  closeGraceMs: 1_000,
};
