import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";

/** Requests that are captured, and the bounds of captures. */
export interface CaptureConfig {
  /** True for requests that fail, or whose answers are degraded. */
  readonly failed: boolean;
  /** Requests that take at least this long, in milliseconds. Undefined: none. */
  readonly slowMs?: number | undefined;
  /** Share of all requests, from 0 to 1. */
  readonly share: number;
  /** Folder of the files. */
  readonly folder: string;
  readonly maxRequestBytes: number;
  /** Maximum size of all files of one process. */
  readonly maxBytes: number;
}

const SHARE = /^(0?\.\d{1,9}|1(\.0+)?)$/;
const SLOW = /^slow(?:=(\d{1,6})ms)?$/;
const SLOW_MS = 1_000;
const REMEDY = "a list of failed, slow, slow=300ms, all, or a share like 0.001, separated by commas";
const MAX_BYTES = 2 ** 40;

/** Reads BFF_CAPTURE. Undefined: no request is captured. */
export function readCapture(read: EnvReader): CaptureConfig | undefined {
  const text = read.optional("BFF_CAPTURE") ?? "off";
  const folder = read.optional("BFF_CAPTURE_DIR");
  const maxRequestBytes = read.within("BFF_CAPTURE_REQUEST_BYTES", 1, MAX_BYTES, String(1 << 20));
  const maxBytes = read.within("BFF_CAPTURE_BYTES", 1, MAX_BYTES, String(64 << 20));
  if (text === "off") return undefined;
  let [failed, share] = [false, 0];
  let slowMs: number | undefined;
  for (const word of text.split(",").map((word) => word.trim())) {
    const slow = SLOW.exec(word);
    if (word === "failed") failed = true;
    else if (word === "all") share = 1;
    else if (slow !== null) slowMs = Number(slow[1] ?? SLOW_MS);
    else if (SHARE.test(word) && Number(word) > 0) share = Number(word);
    else read.fault("BFF_CAPTURE", `is ${quoted(text)}`, REMEDY);
  }
  if (folder === undefined)
    read.fault("BFF_CAPTURE_DIR", "is not set, and BFF_CAPTURE writes files there", "the path of a folder");
  return { failed, slowMs, share, folder: folder ?? "", maxRequestBytes, maxBytes };
}
