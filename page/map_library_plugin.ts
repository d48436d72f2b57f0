/**
 * Builds the map library from the source in its package, twice: with what the page's own style needs, and whole.
 *
 * Why, and what it costs, is in docs/decisions/0019-the-map-library-from-its-source.md.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, parseAst, transformWithOxc } from "vite";

const PACKAGES = fileURLToPath(new URL("./node_modules/", import.meta.url));
const LIBRARY = join(PACKAGES, "maplibre-gl/src/");
const STYLES = join(PACKAGES, "@maplibre/maplibre-gl-style-spec/dist/");
/** What this module imports of packages is the whole library. */
const WHOLE_ENTRY = fileURLToPath(new URL("./src/map/ground/whole_map_library.ts", import.meta.url));
const WHOLE = "?whole";
const WORKER = "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
const WORKER_ADDRESS = "\0map-worker-address";
const VERSION = "\0map-library-version";

/** What the page's own style never comes to: its tests say that it keeps to the rest. */
const LEFT_OUT = [
  ...["canvas", "image", "raster_dem_tile", "raster_tile", "video"].map((kind) => `source/${kind}_source.ts`),
  "source/raster_dem_tile_worker_source.ts",
  "source/vector_tile_mlt.ts",
  ...["circle", "color_relief", "fill_extrusion", "heatmap", "hillshade", "raster"].flatMap((kind) => [
    `style/style_layer/${kind}_style_layer.ts`,
    `webgl/draw/draw_${kind}.ts`,
    `webgl/program/${kind}_program.ts`,
  ]),
  "webgl/draw/draw_custom.ts",
  // The ground is flat, and seen from straight above.
  "geo/projection/globe_camera_helper.ts",
  "geo/projection/globe_projection.ts",
  "geo/projection/globe_transform.ts",
  "geo/projection/vertical_perspective_camera_helper.ts",
  "geo/projection/vertical_perspective_projection.ts",
  "geo/projection/vertical_perspective_transform.ts",
  "render/terrain.ts",
  "webgl/draw/draw_terrain.ts",
  "webgl/render_to_texture.ts",
  "webgl/program/atmosphere_program.ts",
  "webgl/program/sky_program.ts",
  // What the page does not ask of a map.
  "source/geojson_source_diff.ts",
  "source/query_features.ts",
  "ui/control/logo_control.ts",
  "ui/hash.ts",
  "webgl/draw/draw_collision_debug.ts",
  "webgl/draw/draw_debug.ts",
  "webgl/program/debug_program.ts",
].map((path) => join(LIBRARY, path));

/** Parts of the style language, likewise. */
const UNSAID = ["diff.mjs", "expression/definitions/distance.mjs", "expression/definitions/within.mjs"].map((path) =>
  join(STYLES, path),
);

/** Modules with something else in their place. */
const REPLACED: Readonly<Record<string, string>> = {
  // It is drawn with every frame, above a horizon that never comes into the picture.
  [join(LIBRARY, "webgl/draw/draw_sky.ts")]: "export function drawSky() {} export function drawAtmosphere() {}",
  // The page's own style is checked by its tests.
  [join(STYLES, "validate_style.min.mjs")]: `const fine = () => [];
    const parts = "source sprite glyphs layer light sky terrain filter paintProperty layoutProperty".split(" ");
    export const validateStyleMin = Object.assign(() => [], Object.fromEntries(parts.map((part) => [part, fine])));`,
};

/** Shaders of what the page's own style draws; the others are empty. */
const DRAWN =
  /^(_prelude|_projection_mercator|background|clipping_mask|depth|fill|fill_outline|layer_opacity|line|line_sdf|symbol_sdf)\./;
const SHADERS = join(LIBRARY, "shaders/glsl/");

export function mapLibrary(): Plugin {
  const met = new Set<string>();
  return {
    name: "map-library",
    apply: "build",
    enforce: "pre",
    config: () => ({
      resolve: { alias: [{ find: /^maplibre-gl$/, replacement: join(LIBRARY, "index.ts") }] },
    }),
    async resolveId(source, importer, options) {
      const isWhole = importer === WHOLE_ENTRY || importer?.endsWith(WHOLE);
      if (source === WORKER) return isWhole ? WORKER_ADDRESS + WHOLE : WORKER_ADDRESS;
      // Of its package the library says its version alone.
      if (importer?.startsWith(LIBRARY) && source.endsWith("/package.json")) return isWhole ? VERSION + WHOLE : VERSION;
      if (!isWhole) return null;
      const found = await this.resolve(source, importer?.replace(WHOLE, ""), { ...options, skipSelf: true });
      return found?.id.startsWith(PACKAGES) ? { ...found, id: found.id + WHOLE } : found;
    },
    async load(id) {
      const isWhole = id.endsWith(WHOLE);
      const path = isWhole ? id.slice(0, -WHOLE.length) : id;
      if (path === WORKER_ADDRESS) {
        const worker = this.emitFile({
          type: "chunk",
          id: join(LIBRARY, "source/worker.ts") + (isWhole ? WHOLE : ""),
          name: isWhole ? "whole_street_worker" : "street_worker",
        });
        return `export default import.meta.ROLLUP_FILE_URL_${worker};`;
      }
      if (path === VERSION) return `export default { version: ${JSON.stringify(version())} };`;
      if (isWhole) return readFileSync(path, "utf8");
      if (path.startsWith(SHADERS)) return DRAWN.test(path.slice(SHADERS.length)) ? null : 'export default "";';
      if (!(path in REPLACED) && !LEFT_OUT.includes(path) && !UNSAID.includes(path)) return null;
      met.add(path);
      if (path in REPLACED) return REPLACED[path] ?? null;
      const source = readFileSync(path, "utf8");
      return missing(path.endsWith(".ts") ? (await toScript(source, path)).code : source, basename(path));
    },
    transform: (code, id) =>
      id.startsWith(LIBRARY) && /\.ts(\?whole)?$/.test(id) ? toScript(code, id.replace(WHOLE, "")) : null,
    buildEnd(error) {
      const unmet = [...LEFT_OUT, ...UNSAID, ...Object.keys(REPLACED)].filter((path) => !met.has(path));
      if (!error && unmet.length > 0) this.error(`the map library has not, or no longer needs: ${unmet.join(", ")}`);
    },
  };
}

/** It is written for compilers that leave declared fields alone: what its constructors inherit is set before. */
function toScript(code: string, path: string): ReturnType<typeof transformWithOxc> {
  return transformWithOxc(code, path, { typescript: { removeClassFieldsWithoutInitializer: true } });
}

/** A module with the same names, which says what it is when it is called; nothing is of a kind that is left out. */
export function missing(code: string, name: string): string {
  const exports = exportedNames(code).map(
    (exported) => `${/^is[A-Z]/.test(exported) ? "no" : "missing"} as ${exported}`,
  );
  return `function missing() { throw new Error("${name} is left out of the map library"); }
    const no = () => false;
    export { ${exports.join(", ")} };`;
}

function exportedNames(code: string): string[] {
  return parseAst(code).body.flatMap((node) => {
    if (node.type === "ExportDefaultDeclaration") return ["default"];
    if (node.type !== "ExportNamedDeclaration") return [];
    const { declaration, specifiers } = node;
    if (declaration?.type === "VariableDeclaration") {
      return declaration.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []));
    }
    const declared =
      declaration && "id" in declaration && declaration.id?.type === "Identifier" ? [declaration.id.name] : [];
    return [...declared, ...specifiers.map(({ exported }) => ("name" in exported ? exported.name : exported.value))];
  });
}

function version(): string {
  const description = readFileSync(join(PACKAGES, "maplibre-gl/package.json"), "utf8");
  return (JSON.parse(description) as { version: string }).version;
}
