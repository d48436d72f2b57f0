/** Streets to draw people on, by MapLibre. Loaded after the shell, with the library: by far the largest part of the page. */
import "maplibre-gl/dist/maplibre-gl.css";
import type { GeoJSON } from "geojson";
import type { GeoJSONSource, Map as GlMap, Marker, ScaleControl } from "maplibre-gl";
import type { Theme } from "../../device/theme";
import type { Point } from "../../model/geo";
import { distance, units } from "../../words/format";
import { GroundLoader } from "./ground";
import type { MapLibrary } from "./map_library";
import { GRID_SOURCE, linesFeature, RINGS_SOURCE, ringFeature } from "./map_styles";
import { metreGrid, rangeRings, ringStep } from "./range_rings";
import type { Stage, StageEvents } from "./stage";
import { STREETS_SOURCE } from "./street_layers";
import { readTile, type Streets, TILES_ZOOM } from "./streets";
import { type Camera, metresPerPixel, type Size, ZOOMS } from "./view";

/** Streets that take longer do so on the page, and people see them come. */
const DRAWN_WITHIN_MS = 4_000;

export class StreetStage implements Stage {
  readonly overlay: HTMLElement;
  /** Resolves once there is something to see. */
  readonly drawn: Promise<void>;
  private readonly map: GlMap;
  private scale: ScaleControl | null = null;
  private drawnUnits = units();
  private readonly ringLabels: Marker[] = [];
  private readonly ground: GroundLoader;
  private readonly box = document.createElement("div");
  private ringCenter: Point | null = null;
  private drawnRings = "";
  private bounds: Size;

  /**
   * @param library - The build of the map library that knows all which these streets are made of.
   * @param streets - What was begun to be looked for before the library was there.
   * @throws Error where the browser cannot draw with WebGL.
   */
  constructor(
    private readonly library: MapLibrary,
    container: HTMLElement,
    theme: Theme,
    events: StageEvents,
    start: () => Camera,
    streets: Promise<Streets>,
  ) {
    this.box.className = "streets";
    // Until there is something to see, people lie on another stage and the browser need not put this one together.
    this.box.style.visibility = "hidden";
    container.prepend(this.box);
    library.addProtocol("pmtiles", readTile);
    try {
      this.map = new library.Map({
        container: this.box,
        ...options(start()),
        attributionControl: false,
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
        maxZoom: ZOOMS[1],
        // Otherwise it keeps the world's edge at the picture's, and people at a pole beneath what lies there.
        transformConstrain: (center, zoom) => ({ center, zoom: Math.max(0, Math.min(ZOOMS[1], zoom)) }),
        // From closer by than tiles are made for they are drawn larger: to cut them up first takes longer.
        zoomLevelsToOverscale: ZOOMS[1] - TILES_ZOOM,
        fadeDuration: 0,
      });
    } catch (error) {
      this.box.remove();
      throw error;
    }
    this.bounds = { width: this.box.clientWidth, height: this.box.clientHeight };
    this.overlay = this.map.getCanvasContainer();
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.ground = new GroundLoader(this.map, theme, streets, () => this.drawAids());
    this.drawn = this.untilDrawn(start);
    this.map.on("resize", () => {
      this.bounds = { width: this.box.clientWidth, height: this.box.clientHeight };
    });
    this.map.on("move", () => events.onCamera());
    this.map.on("moveend", () => {
      this.drawAids();
      events.onRest();
    });
    this.map.on("webglcontextlost", () => {
      this.ground.stop();
      events.onGraphics?.(false);
    });
    this.map.on("webglcontextrestored", () => events.onGraphics?.(true));
    this.giveCameraToTouch(events.onTouch);
  }

  camera(): Camera {
    const { lat, lng } = this.map.getCenter();
    return { center: { lat, lon: lng }, zoom: this.map.getZoom(), bearing: this.map.getBearing() };
  }

  size(): Size {
    return this.bounds;
  }

  moveTo(camera: Camera, duration: number): void {
    if (duration === 0) this.map.jumpTo(options(camera));
    else this.map.easeTo({ ...options(camera), duration, essential: true });
  }

  setRingCenter(point: Point | null): void {
    this.ringCenter = point;
    if (units() !== this.drawnUnits) this.scale?.setUnit(units());
    this.drawnUnits = units();
    this.drawRings();
  }

  setTheme(theme: Theme): void {
    this.ground.setTheme(theme);
  }

  remove(): void {
    this.ground.stop();
    this.map.remove();
    this.box.remove();
  }

  private async untilDrawn(start: () => Camera): Promise<void> {
    const patience = new Promise((resolve) => setTimeout(resolve, DRAWN_WITHIN_MS));
    const hurry = () => this.hurryGraphics();
    this.map.on("render", hurry);
    await Promise.race([this.ground.found, patience]);
    // What is drawn first is to be what people look at, wherever the sketch has gone meanwhile.
    this.map.jumpTo(options(start()));
    await Promise.race([this.untilStreets(), this.map.once("idle"), patience]);
    this.map.off("render", hurry);
    this.box.style.visibility = "";
    requestAnimationFrame(() => this.addControls());
  }

  /** Each measures itself whenever anything changes, which is often until something is drawn. */
  private addControls(): void {
    if (!this.box.isConnected) return;
    this.scale = new this.library.ScaleControl({ maxWidth: 96, unit: units() });
    this.map.addControl(this.scale, "bottom-left");
    this.map.addControl(new this.library.AttributionControl({ compact: true }), "bottom-right");
  }

  /** Resolves once the streets in the picture are drawn; their names may follow. */
  private untilStreets(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.map.getSource(STREETS_SOURCE) || !this.map.isSourceLoaded(STREETS_SOURCE)) return;
        this.map.off("render", look);
        resolve();
      };
      this.map.on("render", look);
    });
  }

  /**
   * Has the graphics processor begin with what it was given so far, such as making its programs. What nobody sees yet
   * would otherwise wait until it is shown, and the page for it.
   */
  private hurryGraphics(): void {
    const graphics = this.map.getCanvas().getContext("webgl2");
    const fence = graphics?.fenceSync(graphics.SYNC_GPU_COMMANDS_COMPLETE, 0) ?? null;
    graphics?.flush();
    graphics?.deleteSync(fence);
  }

  /** A person who moves the map takes the camera over. */
  private giveCameraToTouch(touched: () => void): void {
    this.map.on("dragstart", touched);
    this.map.on("wheel", touched);
    this.map.on("dblclick", touched);
    this.map.on("boxzoomstart", touched);
    this.map.on("touchstart", (event) => {
      if (event.points.length > 1) touched();
    });
    this.map.getCanvas().addEventListener("keydown", (event) => {
      if (/^(Arrow.*|[-+=_])$/.test(event.key)) touched();
    });
  }

  /** What one judges distances and motion by where there are no streets. */
  private drawAids(): void {
    this.drawGrid();
    this.drawRings();
  }

  private drawRings(): void {
    const source = this.map.getSource<GeoJSONSource>(RINGS_SOURCE);
    const center = source && this.ringCenter && !this.ground.hasStreetsAt(this.ringCenter) ? this.ringCenter : null;
    const step = center && ringStep(metresPerPixel(center.lat, this.map.getZoom()));
    const drawn =
      center && step ? `${center.lat} ${center.lon} ${step} ${this.ground.generation} ${this.drawnUnits}` : "";
    if (drawn === this.drawnRings) return;
    this.drawnRings = drawn;
    const rings = center && step ? rangeRings(center, step) : [];
    const outlines = rings.map((ring) => ringFeature(ring.outline));
    if (source) this.drawAid(source, outlines.length > 0 ? { type: "FeatureCollection", features: outlines } : null);
    while (this.ringLabels.length > rings.length) this.ringLabels.pop()?.remove();
    for (const [index, ring] of rings.entries()) {
      const label = this.ringLabels[index] ?? this.addRingLabel(ring.label);
      label.getElement().textContent = distance(ring.radius);
      label.setLngLat(ring.label);
    }
  }

  private drawGrid(): void {
    const source = this.map.getSource<GeoJSONSource>(GRID_SOURCE);
    if (!source) return;
    const { lat, lng } = this.map.getCenter();
    const step = this.ground.hasStreetsAt({ lat, lon: lng }) ? null : ringStep(metresPerPixel(lat, this.map.getZoom()));
    if (step === null) {
      this.drawAid(source, null);
      return;
    }
    const bounds = this.map.getBounds();
    const corners = {
      south: bounds.getSouth(),
      west: bounds.getWest(),
      north: bounds.getNorth(),
      east: bounds.getEast(),
    };
    this.drawAid(source, linesFeature(metreGrid(corners, step)));
  }

  /** Draws it, or hides its layer, which then costs nothing: its source is not cut into tiles. */
  private drawAid(source: GeoJSONSource, shapes: GeoJSON | null): void {
    if (shapes) source.setData(shapes);
    this.map.setLayoutProperty(source.id, "visibility", shapes ? "visible" : "none");
  }

  private addRingLabel(at: Point): Marker {
    const element = document.createElement("span");
    element.className = "ring-label";
    element.setAttribute("aria-hidden", "true");
    const marker = new this.library.Marker({ element, anchor: "center" }).setLngLat(at).addTo(this.map);
    this.ringLabels.push(marker);
    return marker;
  }
}

function options({ center, zoom, bearing }: Camera) {
  return { center, zoom, bearing };
}
