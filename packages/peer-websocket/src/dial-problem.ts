/** Why a node could not be reached, as one sentence each. Codes come from Node.js, its TLS and its HTTP parser. */

export const badUrl = (url: string): string =>
  `"${url}" is not the address of a node. Give it as ws://host:port, or wss://host:port behind TLS.`;

export const noAnswer = (url: string, timeoutMs: number): string =>
  `The node at ${url} did not answer within ${timeoutMs / 1_000} s. Check that it runs and that no firewall is in between.`;

export const stopped = (url: string): string => `The connection to ${url} was given up because this node is stopping.`;

export const httpProblem = (url: string, status: number): string =>
  status === 503
    ? `The node at ${url} takes no more connections now (HTTP 503). Try again later or use another node's address.`
    : `Something else than a node answers at ${url} (HTTP ${status}). Check the address and the port.`;

export function dialProblem(url: string, cause: Error): string {
  const code = "code" in cause ? String(cause.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return `Nothing listens at ${url}: the connection was refused. Check that the node runs and that the port is right.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host of ${url} was not found (${code}). Check the name and this machine's DNS.`;
    case "EACCES":
      return `${url} was not dialed: its name stands for an address that a peer may not send this node to.`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return `There is no route to ${url} (${code}). Check the address and this machine's network.`;
    case "ETIMEDOUT":
      return `The node at ${url} did not answer in time. Check that it runs and that no firewall is in between.`;
    case "ECONNRESET":
    case "EPIPE":
      return `The node at ${url} hung up before the link was open (${code}). It may have no place left; try again later.`;
    default:
      return isTls(code) ? tlsProblem(url, code) : `No link to ${url} could be opened (${code || cause.message}).`;
  }
}

const isTls = (code: string): boolean =>
  /^ERR_(?:SSL|TLS)_|^EPROTO$|CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code);

function tlsProblem(url: string, code: string): string {
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    return `There is no TLS at ${url} (${code}). Use ws:// if the node is reached directly.`;
  }
  return `The certificate at ${url} is not trusted (${code}). Renew it, or make its authority known with NODE_EXTRA_CA_CERTS.`;
}
