import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { TIMED } from "./harness-cli/e2e/starvation.ts";

/** They wait for minutes, for what takes minutes: begun last, the others would wait for them. */
const LONG = /balancers(-over-time)?\.e2e\.ts$/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const CONTAINERS = "harness-cli/**/*.containers.e2e.ts";
const tags = [{ name: TIMED, description: "works with time: says nothing while the machine is starved" }];

// Projects, so that slow proofs on real parts (`*.e2e.ts`) never slow the quick feedback of `*.test.ts`.
export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["{target-server,scenarios,chaos,reports,harness-cli,bin}/**/*.test.ts"],
          testTimeout: 60_000,
          // with vitest's own number, which is 1 on two cores, it would put them behind all others
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "e2e",
          // after the quick ones: real parts share the cores, and latency is measured
          sequence: { groupOrder: 1 },
          include: ["{target-server,scenarios,chaos,reports,harness-cli,bin}/**/*.e2e.ts"],
          exclude: [...configDefaults.exclude, CONTAINERS],
          setupFiles: ["harness-cli/e2e/starvation.setup.ts"],
          tags,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // they wait more than they work, each on a system of its own
          maxWorkers: 3,
        },
      },
      {
        // Needs a container daemon. Without one all of it is skipped, and the reason said once.
        test: {
          name: "containers",
          sequence: { groupOrder: 2 },
          include: [CONTAINERS],
          globalSetup: ["harness-cli/e2e/containers.setup.ts"],
          setupFiles: ["harness-cli/e2e/starvation.setup.ts"],
          tags,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
