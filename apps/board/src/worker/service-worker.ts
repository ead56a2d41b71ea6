/**
 * Keeps the page's own files, so that it opens while its node is gone. It answers for those files and for nothing else:
 * whatever is data goes to the node, and what is kept of it is the page's business.
 */
declare const self: ServiceWorkerGlobalScope;

/** Put in by the build: the files of this version, relative to the worker, and a name made of them. */
declare const PAGE_FILES: readonly string[];
declare const PAGE_VERSION: string;

/** Other nodes may have their pages below other paths of the same origin, each with a worker of its own. */
const PREFIX = `skein-page ${new URL(self.registration.scope).pathname} `;
const CACHE = PREFIX + PAGE_VERSION;
const INDEX = "./";
/** A node that is slower than this to serve its page is treated as gone. */
const PATIENCE_MS = 4_000;

const addressOf = (file: string): string => new URL(file, self.registration.scope).href;

self.addEventListener("install", (event) => {
  const keep = async (): Promise<void> => {
    const cache = await caches.open(CACHE);
    await cache.addAll([INDEX, ...PAGE_FILES].map(addressOf));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const takeOver = async (): Promise<void> => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { origin, pathname } = new URL(request.url);
  const address = origin + pathname;
  if (request.mode === "navigate" && address === addressOf(INDEX)) event.respondWith(freshIndex(request));
  // Their names hold a hash of what is in them.
  else if (PAGE_FILES.some((file) => addressOf(file) === address)) event.respondWith(kept(address, request));
});

/** The node's own page counts while it answers: it may be another version by now. */
async function freshIndex(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    // A proxy says by itself that its node is gone; what else it says (sign in, elsewhere) is for the person.
    if (answer.status < 500) return answer;
  } catch {
    // It is gone; what is kept is shown.
  }
  return kept(addressOf(INDEX), request);
}

async function kept(address: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(address)) ?? fetch(request);
}
