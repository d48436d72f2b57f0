/**
 * Opens the page without a network: keeps the shell, and whatever else was loaded under a name that says its content.
 *
 * It never stands between the page and the API, the socket or a map's tiles.
 */

/** What the build puts here: a name for this version, and the files that the shell consists of. */
declare const SHELL_VERSION: string;
declare const SHELL_FILES: readonly string[];

/** What of a worker's scope is used; TypeScript has either the page's types or a worker's, not both. */
interface Scope {
  readonly clients: { claim(): Promise<void> };
  addEventListener(kind: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(kind: "fetch", listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
}

interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = globalThis as unknown as Scope;
const PAGE = "/";
/** The start, and what becomes of links on their way; the server answers these with the page as well. */
const LEADS_HERE = /^\/+((index\.html|j)([^a-z0-9_-].*)?)?(\?.*)?$|[a-z0-9]{10}(\.|%(25)*2e)[a-z0-9_-]{22}/i;
/** What is none of the page's, whatever it holds. */
const OTHERS = /^\/(api|app|socket)(\/|$)/;
/** A network that takes longer is as good as none, for a page that is here already. */
const PATIENCE_MS = 3_000;

scope.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(SHELL_VERSION)
      .then(async (cache) => {
        await cache.addAll([PAGE, ...SHELL_FILES]);
      })
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== SHELL_VERSION).map((name) => caches.delete(name))))
      .then(() => scope.clients.claim()),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || request.headers.has("Range")) return;
  if (pathname.startsWith("/assets/")) event.respondWith(keptFirst(request));
  else if (request.mode === "navigate" && LEADS_HERE.test(pathname + search) && !OTHERS.test(pathname))
    event.respondWith(freshFirst(PAGE));
});

async function recall(request: RequestInfo): Promise<Response | undefined> {
  try {
    return await caches.match(request);
  } catch {
    return undefined;
  }
}

/** Keeps an answer, unless there is no room for it. */
async function keep(request: RequestInfo, response: Response): Promise<void> {
  try {
    await (await caches.open(SHELL_VERSION)).put(request, response);
  } catch {
    // The network has it.
  }
}

/** A file under a name that changes with its content: what is kept is right. */
async function keptFirst(request: Request): Promise<Response> {
  const kept = await recall(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) void keep(request, response.clone());
  return response;
}

/** What may have changed: from the network, or as it was where the network fails or keeps one waiting. */
async function freshFirst(path: string): Promise<Response> {
  const kept = await recall(path);
  const fresh = fetch(path).then(async (response) => {
    if (response.ok) await keep(path, response.clone());
    return response.status < 500 ? response : (kept ?? response);
  });
  if (!kept) return fresh;
  const patience = new Promise<Response>((resolve) => setTimeout(() => resolve(kept), PATIENCE_MS));
  return Promise.race([fresh.catch(() => kept), patience]);
}
