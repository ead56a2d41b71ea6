/** A person on a test's homeserver, acting over the plain client-server API and nothing of the product. */
export interface MatrixUser {
  readonly id: string;
  readonly token: string;
  /** Under `/_matrix/client`, or from the root when the path begins with `/_synapse`. Anything but 2xx throws. */
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Resolves with the room's id. */
  createRoom(options?: Readonly<Record<string, unknown>>): Promise<string>;
  invite(room: string, user: string): Promise<void>;
  join(room: string): Promise<void>;
  /** Resolves with the event's id. */
  send(room: string, type: string, content: Readonly<Record<string, unknown>>): Promise<string>;
  say(room: string, body: string, more?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The newest events of the room, oldest first. */
  timeline(room: string): Promise<readonly RoomEvent[]>;
  membership(room: string, user: string): Promise<string>;
  /** Its own display name there. */
  nameIn(room: string): Promise<string>;
}

export interface RoomEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}

let transactions = 0;

export function createMatrixUser(url: string, id: string, token: string): MatrixUser {
  const call: MatrixUser["call"] = async (method, path, body) => {
    const response = await fetch(`${url}${path.startsWith("/_") ? "" : "/_matrix/client"}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const inRoom = (room: string): string => `/v3/rooms/${encodeURIComponent(room)}`;
  const member = (room: string, user: string): Promise<Record<string, unknown>> =>
    call("GET", `${inRoom(room)}/state/m.room.member/${encodeURIComponent(user)}`);
  const send: MatrixUser["send"] = async (room, type, content) => {
    const answer = await call("PUT", `${inRoom(room)}/send/${type}/test${transactions++}`, content);
    return String(answer["event_id"]);
  };
  return {
    id,
    token,
    call,
    createRoom: async (options = {}) => String((await call("POST", "/v3/createRoom", options))["room_id"]),
    invite: async (room, user) => void (await call("POST", `${inRoom(room)}/invite`, { user_id: user })),
    join: async (room) => void (await call("POST", `/v3/join/${encodeURIComponent(room)}`, {})),
    send,
    say: (room, body, more = {}) => send(room, "m.room.message", { msgtype: "m.text", body, ...more }),
    timeline: async (room) => {
      const { chunk } = await call("GET", `${inRoom(room)}/messages?dir=b&limit=200`);
      return (chunk as readonly RoomEvent[]).toReversed();
    },
    membership: async (room, user) => String((await member(room, user))["membership"]),
    nameIn: async (room) => String((await member(room, id))["displayname"]),
  };
}
