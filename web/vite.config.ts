import { defineConfig } from "vite";

// MIT asks for its notice in every copy, and a report is one; the full texts are in licenses.md beside the script.
export const NOTICE =
  "/*! Preact (c) 2015-present Jason Miller; @preact/signals (c) 2022-present Preact Team; uPlot (c) 2022 Leon Sorokin; MIT License */";

// The report: one script and one style sheet with fixed names: the Python package puts both inside the report, by their hashes.
export const jsx = { runtime: "automatic", importSource: "preact" } as const;

export default defineConfig({
  oxc: { jsx },
  build: {
    outDir: process.env.TRACETUNE_STATIC ?? "../src/tracetune/sinks/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      input: "src/report.tsx",
      output: { format: "iife", entryFileNames: "report.js", assetFileNames: "report[extname]", postBanner: NOTICE },
    },
  },
});
