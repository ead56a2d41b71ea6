import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";

/** Letters that most boards never show are fetched when one does. */
const isRareFont = (name: string): boolean => name.endsWith(".woff2") && !name.includes("-latin-wght");

const WORKER = "service-worker.js";

/** Tells the service worker which files the page has: those that the build has just named. */
function withPageFiles(): Plugin {
  return {
    name: "skein-page-files",
    generateBundle(_options, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") throw new Error(`The build has made no ${WORKER}.`);
      const files = Object.keys(bundle).filter((name) => name.startsWith("assets/") && !isRareFont(name));
      const version = createHash("sha256").update(files.toSorted().join("\n")).digest("hex").slice(0, 16);
      const told = `const PAGE_FILES = ${JSON.stringify(files)}, PAGE_VERSION = ${JSON.stringify(version)};\n`;
      worker.code = told + worker.code;
    },
  };
}

export default defineConfig({
  // Relative, so that the page also works below a path of a reverse proxy.
  base: "./",
  plugins: [withPageFiles()],
  build: {
    target: "es2022",
    // The page's policy forbids inline code and data, so nothing is small enough to be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { page: "index.html", worker: "src/worker/service-worker.ts" },
      // A worker is known by its address, which stays.
      output: { entryFileNames: ({ name }) => (name === "worker" ? WORKER : "assets/[name]-[hash].js") },
    },
  },
});
