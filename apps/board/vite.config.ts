import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that the page also works below a path of a reverse proxy.
  base: "./",
  build: {
    target: "es2022",
    // The page's policy forbids inline code and data, so nothing is small enough to be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
