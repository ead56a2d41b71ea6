/**
 * Starts the service worker. The page's policy takes scripts' addresses only from one Trusted Types policy, and that one
 * makes this address and no other.
 */

/** The part of the browser's interface that is used; TypeScript does not know it yet. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { readonly createScriptURL: () => string },
  ): { createScriptURL(ignored: string): string };
}

const WORKER = "service-worker.js";

export function registerWorker(): void {
  // Browsers have workers on this machine's own addresses and over TLS; elsewhere the page needs its node to open.
  if (!("serviceWorker" in navigator)) return;
  const address = new URL(WORKER, document.baseURI).href;
  const trustedTypes = Reflect.get(globalThis, "trustedTypes") as TrustedTypes | undefined;
  const policy = trustedTypes?.createPolicy("skein-worker", { createScriptURL: () => address });
  // Without it the page works all the same, as long as its node does.
  navigator.serviceWorker.register(policy?.createScriptURL("") ?? address).catch(() => undefined);
}
