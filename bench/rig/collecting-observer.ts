// An observer for `bench -- overload`: the process collects all of its garbage twice a second. Needs --expose-gc.
import type { Observer } from "@protobff/runtime";

const EVERY_MS = 500;
setInterval(() => globalThis.gc?.(), EVERY_MS).unref();

export const observer: Observer = { shed() {} };
