// Setup of every test file: `vi.waitFor` allows 30 s by default instead of 1 s, which a busy machine exceeds.
import { vi } from "vitest";

const TIMEOUT_MS = 30_000;
const { waitFor } = vi;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === "number" ? options : { timeout: TIMEOUT_MS, ...options });
