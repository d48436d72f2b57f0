/** The whole map library, for styles of somebody else's: `map_library_plugin.ts` knows this file by its name. */
export { AttributionControl, addProtocol, Map, Marker, prewarm, ScaleControl, setWorkerUrl } from "maplibre-gl";
export { default as WORKER_ADDRESS } from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
