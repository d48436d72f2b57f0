/** The map library with what the page's own style needs of it; `map_library_plugin.ts` leaves out the rest. */
export { AttributionControl, addProtocol, Map, Marker, prewarm, ScaleControl, setWorkerUrl } from "maplibre-gl";
export { WORKER_ADDRESS } from "./street_worker";
