import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../src/cavalcade/page",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "assets",
    // Everything stays a file of its own: the page's Content-Security-Policy is easier to keep than data: addresses.
    assetsInlineLimit: 0,
    // The map library is one large chunk by nature; it is loaded after the shell.
    chunkSizeWarningLimit: 1400,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: {
    // The words are read from beside the Python sources.
    fs: { allow: [".."] },
    proxy: { "/api": "http://localhost:8080", "/socket": { target: "ws://localhost:8080", ws: true } },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
