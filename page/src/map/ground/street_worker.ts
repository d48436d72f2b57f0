/** The worker of the map library for the page's own style, without which no street is drawn. */
import address from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

export const WORKER_ADDRESS = address;

/** Fetches it into the browser's cache beside the library, which takes a while to begin and only then asks for it. */
export function fetchWorker(): void {
  void fetch(WORKER_ADDRESS)
    .then((response) => response.arrayBuffer())
    .catch(() => undefined);
}
