/**
 * The map library's worker, without which no street is drawn. It is fetched into the browser's cache before the library,
 * which takes a while to begin and only then asks for it: whoever imports this first lets the two go side by side.
 */
import address from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

export const WORKER_ADDRESS = address;

void fetch(WORKER_ADDRESS)
  .then((response) => response.arrayBuffer())
  .catch(() => undefined);
