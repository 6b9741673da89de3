import { afterEach, beforeEach, expect } from "vitest";
import { idle } from "./fake-clock.ts";

/** Fails every test of the calling file in which a promise is rejected without a handler. */
export function noUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    await idle();
    process.off("unhandledRejection", note);
    expect(unhandled.splice(0)).toEqual([]);
  });
}
