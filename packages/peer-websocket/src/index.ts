/** Links between nodes over WebSocket, with every limit before allocation. */
export { createPeerNet, type PeerNetOptions } from "./peer-net.ts";
