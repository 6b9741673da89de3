import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import { readSealingKeys } from "@protobff/runtime/internal/sealing/sealing-keys";

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
  /** Age at which files are deleted, in milliseconds. */
  readonly maxAgeMs: number | undefined;
  /** The first one seals requests. Empty: none does. */
  readonly keys: readonly Buffer[];
}

const SHARE = /^(0?\.\d{1,9}|1(\.0+)?)$/;
const SLOW = /^slow(?:=(\d{1,6})ms)?$/;
const SLOW_MS = 1_000;
const REMEDY =
  "a list of failed, slow, slow=300ms, all, or a share like 0.001, separated by commas, then ;dir=/captures, ;request=1MB, ;bytes=64MB and ;age=7d";
const BYTES = /^(\d{1,13})(KB|MB|GB)?$/;
const MAX_BYTES = 2 ** 40;
/** Settings of BFF_CAPTURE after the selection, with the variables that have them until 1.0. */
const SETTINGS = { dir: "BFF_CAPTURE_DIR", request: "BFF_CAPTURE_REQUEST_BYTES", bytes: "BFF_CAPTURE_BYTES" } as const;
type Setting = keyof typeof SETTINGS;
const AGE = /^(\d{1,4})(m|h|d)$/;
const UNITS: Record<string, number> = { KB: 1 << 10, MB: 1 << 20, GB: 1 << 30, m: 6e4, h: 36e5, d: 864e5 };
/** Returns 0 for a text of another form. */
function amountOf(text: string, form: RegExp): number {
  const [, count = "", unit = ""] = form.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? 1);
}

/**
 * Reads BFF_CAPTURE, like `failed,slow;dir=/captures;bytes=64MB`. Undefined: no request is captured.
 *
 * @param old gets a line for each variable that this one replaces
 */
export function readCapture(read: EnvReader, old: string[]): CaptureConfig | undefined {
  const text = read.optional("BFF_CAPTURE") ?? "off";
  const [selected = "", ...parts] = text.split(";").map((part) => part.trim());
  const malformed = () => read.fault("BFF_CAPTURE", `is ${quoted(text)}`, REMEDY);
  const settings = new Map<string, string>();
  for (const part of parts) {
    const [, setting = "", value = ""] = /^(\w+)=(.+)$/.exec(part) ?? [];
    if ((setting !== "age" && !Object.hasOwn(SETTINGS, setting)) || settings.has(setting)) malformed();
    settings.set(setting, value);
  }
  addOld(read, settings, selected, old);
  const maxRequestBytes = readBytes(read, settings, "request", 1 << 20);
  const maxBytes = readBytes(read, settings, "bytes", 64 << 20);
  const age = settings.get("age");
  const maxAgeMs = age === undefined ? undefined : amountOf(age, AGE);
  if (maxAgeMs === 0) read.fault("BFF_CAPTURE", `has ${quoted(`age=${age}`)} in it`, "a time like 30m, 12h or 7d");
  const keys = read.optional("BFF_CAPTURE_KEYS") === undefined ? [] : readSealingKeys("BFF_CAPTURE_KEYS", read);
  if (selected === "off") return undefined;
  let [failed, share] = [false, 0];
  let slowMs: number | undefined;
  for (const word of selected.split(",").map((word) => word.trim())) {
    const slow = SLOW.exec(word);
    if (word === "failed") failed = true;
    else if (word === "all") share = 1;
    else if (slow !== null) slowMs = Number(slow[1] ?? SLOW_MS);
    else if (SHARE.test(word) && Number(word) > 0) share = Number(word);
    else malformed();
  }
  const folder = settings.get("dir");
  if (folder === undefined)
    read.fault("BFF_CAPTURE", "names no folder for its files", `${quoted(`${text};dir=/captures`)}, with your folder`);
  return { failed, slowMs, share, folder: folder ?? "", maxRequestBytes, maxBytes, maxAgeMs, keys };
}

/** Adds the settings of variables that are read until 1.0. */
function addOld(read: EnvReader, settings: Map<string, string>, selected: string, old: string[]): void {
  const found = Object.entries(SETTINGS).filter(([, variable]) => read.optional(variable) !== undefined);
  for (const [setting, variable] of found) {
    if (settings.has(setting))
      read.fault(variable, `is set, and BFF_CAPTURE has ${setting}=, too`, "nothing there: BFF_CAPTURE has its value");
    settings.set(setting, read.optional(variable) ?? "");
  }
  const whole = [selected, ...[...settings].map(([setting, value]) => `${setting}=${value}`)].join(";");
  const instead = selected === "off" ? "" : `, and write BFF_CAPTURE=${quoted(whole)}`;
  for (const [, variable] of found) old.push(`${variable} is read until 1.0 only: unset it${instead}`);
}

function readBytes(read: EnvReader, settings: Map<string, string>, setting: Setting, byDefault: number): number {
  const text = settings.get(setting);
  if (text === undefined) return byDefault;
  const bytes = amountOf(text, BYTES);
  if (bytes >= 1 && bytes <= MAX_BYTES) return bytes;
  const remedy = `at most ${MAX_BYTES} bytes, like 1MB`;
  if (read.optional(SETTINGS[setting]) !== undefined) read.fault(SETTINGS[setting], `is ${quoted(text)}`, remedy);
  else read.fault("BFF_CAPTURE", `has ${quoted(`${setting}=${text}`)} in it`, remedy);
  return byDefault;
}
