/** Why the node cannot listen where it was told to, as one sentence. */

export function listenProblem(cause: unknown, address: string): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  switch (code) {
    case "EADDRINUSE":
      return `The peer address ${address} is in use by another program. Stop that program or choose another port with --listen.`;
    case "EACCES":
    case "EPERM":
      return `This user may not open the peer address ${address}. Choose a port above 1023 with --listen.`;
    case "EADDRNOTAVAIL":
      return `The host of the peer address ${address} is not one of this machine. Choose another one with --listen, such as 0.0.0.0 or 127.0.0.1.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host of the peer address ${address} was not found (${code}). Choose another one with --listen, such as 0.0.0.0 or 127.0.0.1.`;
    case "ERR_SOCKET_BAD_PORT":
      return `The peer address ${address} has no valid port. Choose one from 0 to 65535 with --listen; 0 lets the system choose.`;
    default:
      return `The peer address ${address} cannot be opened (${code || String(cause)}). Choose another one with --listen.`;
  }
}
