// The proof of `npm run prove:whatif` for two changes: that it runs, and that the predictions are near. Figures of thirty
// changes are in packages/replay/whatif.md.
import { expect, test } from "vitest";
import { prove } from "./proof/proof.ts";

test("predictions from traces are near the measurements of real processes", async () => {
  let predicted = 0;
  const results = await prove(["user.v1: latency ×3", "stock.v1: timeout 240ms"], {
    requests: 150,
    traced: 300,
    runs: 2,
    seed: 1,
    predicted: (all) => {
      predicted = all.length;
    },
    proven: () => {},
  });
  expect(predicted).toBe(2);
  // A busy machine makes every latency longer, the medians of 720 and 280 ms by far less than half.
  const [slow, degraded] = results;
  for (const figures of [slow?.predicted, slow?.measured]) expect(figures?.p99).toBeGreaterThan(1_200);
  for (const figures of [degraded?.predicted, degraded?.measured]) expect(figures?.degraded).toBeGreaterThan(0.5);
});
