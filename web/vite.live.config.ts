import { defineConfig } from "vite";
import { jsx, NOTICE } from "./vite.config.ts";

// The live pages: relative addresses, so that they work under any prefix; names by content, so that they are kept for ever.
export default defineConfig({
  base: "./",
  oxc: { jsx },
  build: {
    outDir: process.env.TRACETUNE_PAGES ?? "../src/tracetune/api/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    rolldownOptions: { output: { entryFileNames: "assets/live-[hash].js", assetFileNames: "assets/[name]-[hash][extname]", postBanner: NOTICE } },
  },
});
