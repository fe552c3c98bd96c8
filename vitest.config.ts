import { defineConfig } from "vitest/config";

// Two projects, so that slow proofs on real parts (`*.e2e.ts`) never slow the quick feedback of `*.test.ts`.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{target-server,scenarios,chaos,reports,harness-cli,bin}/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          // after the quick ones: real parts share the cores, and latency is measured
          sequence: { groupOrder: 1 },
          include: ["{target-server,scenarios,chaos,reports,harness-cli,bin}/**/*.e2e.ts"],
          setupFiles: ["harness-cli/e2e/starvation.setup.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // they wait more than they work, each on a system of its own
          maxWorkers: 3,
        },
      },
    ],
  },
});
