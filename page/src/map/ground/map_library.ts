/** Loads what draws streets: their stage, and the map library, of which there are two builds. */
import type { MapConfiguration } from "./map_configuration";

export type MapLibrary = typeof import("./whole_map_library");

export interface StreetParts {
  readonly StreetStage: typeof import("./street_stage").StreetStage;
  readonly library: MapLibrary;
}

/** Rejects where something does not arrive. */
export async function loadStreetParts(configuration: MapConfiguration): Promise<StreetParts> {
  const [{ StreetStage }, library] = await Promise.all([import("./street_stage"), loadLibrary(configuration)]);
  return { StreetStage, library };
}

/** Loads what the configured streets need: for the page's own style a build that is nearly a quarter smaller. */
async function loadLibrary({ style }: MapConfiguration): Promise<MapLibrary> {
  // Each has an await of its own: the build takes what stands behind one for one thing, and would have both fetched.
  const library = style ? await import("./whole_map_library") : await import("./lean_map_library");
  library.setWorkerUrl(library.WORKER_ADDRESS);
  library.prewarm(); // its worker begins while the map is made
  return library;
}
