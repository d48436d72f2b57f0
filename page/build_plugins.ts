/** What the build adds to the bundle: the list of files that the service worker keeps, and compressed copies. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

const SERVICE_WORKER = "service_worker.js";
const COMPRESSED = new Set([".js", ".css", ".json", ".svg", ".webmanifest"]);
const SMALLEST = 1_024;
/**
 * An alarm must open without a network; what one writes, where one meets, who is there and what is judged of motion must be
 * there: their scripts and styles, with what they share.
 */
const LATE_PARTS = /^assets\/(sos|talk|places|roll_call|watch)\w*-[^/]*\.(js|css)$/;

/** Tells the service worker which files the shell consists of: all that `index.html` needs at once, its letters, and what must open without a network. */
export function shellList(): Plugin {
  return {
    name: "shell-list",
    enforce: "post",
    generateBundle(_options, bundle) {
      const worker = bundle[SERVICE_WORKER];
      if (worker?.type !== "chunk") throw new Error(`the bundle has no ${SERVICE_WORKER}`);
      const first = ["index", "dial"].map((name) => entryOf(bundle, name).fileName);
      const late = Object.keys(bundle).filter((name) => LATE_PARTS.test(name));
      const scripts = withImports(bundle, [...first, ...late]);
      const files = Object.keys(bundle).filter(
        (name) => scripts.has(name) || /^assets\/index-.*\.css$/.test(name) || /-latin-\d.*\.woff2$/.test(name),
      );
      const version = createHash("sha256").update(Object.keys(bundle).sort().join()).digest("hex").slice(0, 12);
      worker.code = worker.code
        .replaceAll("SHELL_VERSION", JSON.stringify(`cavalcade-${version}`))
        .replaceAll("SHELL_FILES", JSON.stringify(files.map((name) => `/${name}`)));
    },
  };
}

/** Puts the script that dials in front of all else in the page; while developing, the page does without. */
export function dialBeforeAll(): Plugin {
  return {
    name: "dial-before-all",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        if (!bundle) return [];
        const { fileName, imports } = entryOf(bundle, "dial");
        // In this order, since a server hands out what is asked for first.
        return [
          ...imports.map((name) => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` },
          })),
          { tag: "script", attrs: { type: "module", crossorigin: true, src: `/${fileName}` } },
        ].map((tag) => ({ ...tag, injectTo: "head-prepend" as const }));
      },
    },
  };
}

/** Files, with all that they import at once. */
function withImports(bundle: Rollup.OutputBundle, names: readonly string[], known = new Set<string>()): Set<string> {
  for (const name of names) {
    if (known.has(name)) continue;
    known.add(name);
    const file = bundle[name];
    if (file?.type === "chunk") withImports(bundle, file.imports, known);
  }
  return known;
}

function entryOf(bundle: Rollup.OutputBundle, name: string): Rollup.OutputChunk {
  const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry && file.name === name);
  if (entry?.type !== "chunk") throw new Error(`the bundle has no ${name}`);
  return entry;
}

/** Puts a Brotli and a gzip copy beside each text file but the page, which Caddy fills in; made once, as small as can be. */
export function compressedCopies(directory: string): Plugin {
  return {
    name: "compressed-copies",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !COMPRESSED.has(extname(entry.name))) continue;
        const path = join(entry.parentPath, entry.name);
        const content = readFileSync(path);
        if (content.length < SMALLEST) continue;
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}
