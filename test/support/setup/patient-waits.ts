// Setup of every test file: `vi.waitFor` allows 30 s by default instead of 1 s, which a busy machine exceeds.
// Files share a worker (scripts/test-tiers.ts), so each ends with the real clock.
import { afterAll, vi } from "vitest";

const TIMEOUT_MS = 30_000;
/** Marks the replacement, which outlives a file. */
const PATIENT = Symbol.for("protobff.patient");

if (!(PATIENT in vi.waitFor)) {
  const { waitFor } = vi;
  const patient: typeof waitFor = (callback, options) =>
    waitFor(callback, typeof options === "number" ? options : { timeout: TIMEOUT_MS, ...options });
  vi.waitFor = Object.assign(patient, { [PATIENT]: true });
}
afterAll(() => void vi.useRealTimers());
