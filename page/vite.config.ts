import { defineConfig } from "vitest/config";
import { compressedCopies, dialBeforeAll, shellList } from "./build_plugins.ts";
import { mapLibrary } from "./map_library_plugin.ts";

const SERVER = "http://localhost:8080";
const OUTPUT = "../src/cavalcade/page";

export default defineConfig({
  base: "/",
  plugins: [mapLibrary(), dialBeforeAll(), shellList(), compressedCopies(OUTPUT)],
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "assets",
    // Everything stays a file of its own: the page's Content-Security-Policy is easier to keep than data: addresses.
    assetsInlineLimit: 0,
    // The map library is one large chunk by nature; it is loaded after the shell.
    chunkSizeWarningLimit: 1400,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", dial: "src/dial.ts", service_worker: "src/service_worker.ts" },
      // A service worker serves the folder it lies in, under a name that stays.
      output: { entryFileNames: ({ name }) => (name === "service_worker" ? "[name].js" : "assets/[name]-[hash].js") },
    },
  },
  worker: { format: "es" },
  server: {
    // The server refuses what comes from pages of other addresses, and this one's is another.
    proxy: {
      "/api": { target: SERVER, headers: { Origin: SERVER } },
      "/socket": { target: SERVER, ws: true, headers: { Origin: SERVER } },
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
