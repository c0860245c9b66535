import { defineConfig } from "vite";

// One script and one style sheet with fixed names: the Python package puts both inside the report, by their hashes.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: process.env.TRACETUNE_STATIC ?? "../src/tracetune/sinks/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      input: "src/report.tsx",
      output: { format: "iife", entryFileNames: "report.js", assetFileNames: "report[extname]" },
    },
  },
});
