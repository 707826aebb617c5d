import { defineConfig } from "vite";

/** Node 20 has no `await using`; esbuild writes it out. */
export default defineConfig({ esbuild: { target: "node20" } });
