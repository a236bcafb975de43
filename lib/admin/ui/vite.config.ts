import { defineConfig, loadEnv } from "vite";

// `npm run dev` serves the sources with reloading and hands the API's paths to a running server.
// RESTATE_ADMIN names another one than the default.
const api = "^/(version|health|query|deployments|services|invocations|internal|openapi)(/|$|\\?)";

const server = loadEnv("", ".", "RESTATE_").RESTATE_ADMIN ?? "http://127.0.0.1:9070";

export default defineConfig({
  base: "/ui/",
  server: {
    proxy: { [api]: server },
  },
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The page may load nothing but files of its own, so nothing is inlined as a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
