import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{plugin,runtime,test,examples,scripts}/**/*.test.ts"],
    // Suites that need a system package: `npm run test:system`.
    exclude: ["**/node_modules/**", "**/dist/**", ...(process.env.PROTOBFF_SYSTEM ? [] : ["**/*.system.test.ts"])],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
