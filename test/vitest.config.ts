import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

/** Every test of these says in its name why it is for root only. */
const rootFiles = process.getuid?.() === 0 ? [] : ["test/**/*.root.test.ts"];
const runtimeTests = ["test/integration/{build,image,layer,network,registry,rootfs,runc}/**/*.test.ts"];

/** A worker takes a second to start and to load the code. */
const oneWorker = { pool: "forks", isolate: false } as const;

export default defineConfig({
  root,
  test: {
    // Suites start engines and count what is left of them: one file at a time.
    fileParallelism: false,
    // Eight runs of it make one `npm test`, and each would compile all of src again.
    experimental: { fsModuleCache: true, fsModuleCachePath: `${root}node_modules/.cache/vitest` },
    // Its global setup ends an engine, and looks for a while what is left of it.
    teardownTimeout: 120_000,
    projects: [
      {
        root,
        test: {
          name: "unit",
          // Properties are tried on many inputs, on a machine that may be busy.
          testTimeout: 60_000,
          include: ["test/unit/**/*.test.ts", "test/architecture/**/*.test.ts"],
          // Pure code needs no worker of its own per file.
          pool: "threads",
          isolate: false,
        },
      },
      {
        root,
        test: {
          // Tests that use parts of the engine in their own process: as an ordinary user, in a user namespace like the
          // engine's.
          name: "runtime",
          include: runtimeTests,
          globalSetup: "test/support/own-temp-folder.ts",
          testTimeout: 120_000,
          hookTimeout: 300_000,
          ...oneWorker,
        },
      },
      {
        root,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          exclude: [...runtimeTests, ...rootFiles],
          globalSetup: "test/support/own-temp-folder.ts",
          testTimeout: 120_000,
          hookTimeout: 300_000,
          ...oneWorker,
        },
      },
      {
        root,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: rootFiles,
          globalSetup: "test/support/own-temp-folder.ts",
          testTimeout: 180_000,
          hookTimeout: 300_000,
          ...oneWorker,
        },
      },
      {
        root,
        // As a user's code, a module knows this package by its name: what was built is loaded, as Node loads it.
        resolve: { alias: [{ find: /^@runcible\/(.*)$/, replacement: `${root}modules/$1/src/index.ts` }] },
        ssr: { external: ["runcible"] },
        test: {
          // Real clients against the engine, and the engine beside the real programs it stands in for: `npm run
          // test:compat`.
          name: "compat",
          include: ["test/compat/**/*.test.ts", "modules/*/test/**/*.test.ts"],
          exclude: rootFiles,
          globalSetup: "test/support/own-temp-folder.ts",
          testTimeout: 600_000,
          hookTimeout: 600_000,
          pool: "forks",
        },
      },
      {
        root,
        test: {
          // A machine with another kernel and systemd, booted in qemu: `npm run test:vm`. An emulated processor is
          // slow.
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          exclude: rootFiles,
          globalSetup: "test/support/own-temp-folder.ts",
          testTimeout: 3_600_000,
          hookTimeout: 3_600_000,
          pool: "forks",
        },
      },
      {
        root,
        test: {
          // Real faults, and what is left after them: `npm run test:faults`.
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          exclude: rootFiles,
          globalSetup: "test/support/own-temp-folder.ts",
          testTimeout: 600_000,
          hookTimeout: 600_000,
          pool: "forks",
        },
      },
    ],
    coverage: { provider: "v8", include: ["src/**"], reportsDirectory: "coverage" },
  },
});
