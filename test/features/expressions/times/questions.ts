// Random moments, zones and patterns, as Times.java takes them.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { addDays, addMonths, addYears, formatTime, truncateTime } from "../../../../runtime/src/expressions/index.ts";
import { Random } from "../../../proofs/corpora/cel-go/random.ts";

export interface Question {
  readonly seconds: number;
  readonly nanos: number;
  readonly zone: string;
  readonly operation: "format" | "truncate" | "addYears" | "addMonths" | "addDays";
  readonly argument: string;
}

/** Zones without recent rule changes, for which Java and Node may have different versions. */
const ZONES = [
  ...[
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
  ],
  ...["Australia/Lord_Howe", "Australia/Sydney", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Pacific/Apia"],
  ...["Pacific/Kiritimati", "America/Havana", "Asia/Beirut", "Atlantic/Azores", "+05:30", "-08:00"],
];
const LETTERS =
  "y yy yyy yyyy Q QQ QQQ M MM MMM MMMM d dd D DDD E EE EEE EEEE a H HH h hh m mm s ss S SSS SSSSSS SSSSSSSSS X XX XXX x xx xxx VV";
const PARTS = [...LETTERS.split(" "), "'T'", "''", "'o''clock'", "-", "/", ":", " ", ".", ", ", "é"];
const UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/**
 * Moments around which the clocks of some zone change, beside random ones from 1982 to 2025. For times before 1970 the
 * databases of Java and Node may differ.
 */
const CHANGES = [
  "2024-03-31T01:00:00Z",
  "2024-10-27T01:00:00Z",
  "2024-03-10T07:00:00Z",
  "2024-11-03T06:00:00Z",
  "2018-11-04T03:00:00Z",
  "2011-12-30T10:00:00Z",
  "2024-10-05T15:30:00Z",
  "2024-04-06T15:00:00Z",
  "2000-02-29T12:00:00Z",
].map((text) => Date.parse(text) / 1000);

export function questions(seed: number, count: number): Question[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const near = random.pick(CHANGES) + random.between(-90_000, 90_000);
    const operation = random.pick(["format", "format", "truncate", "addYears", "addMonths", "addDays"] as const);
    const pattern = () => Array.from({ length: random.between(1, 7) }, () => random.pick(PARTS));
    // Two parts of one letter would be one part.
    const spaced = (parts: readonly string[]) => parts.join("-").trim();
    const argument =
      operation === "format"
        ? spaced(pattern())
        : operation === "truncate"
          ? random.pick(UNITS)
          : String(random.between(-12, 12));
    return {
      seconds: random.chance(0.6) ? near : random.between(400_000_000, 1_750_000_000),
      nanos: random.pick([0, 1, 999_999_999, 250_000_000, 123_456_789]),
      zone: random.pick(ZONES),
      operation,
      argument,
    };
  });
}

export function ours({ seconds, nanos, zone, operation, argument }: Question): string {
  const time = { $typeName: "google.protobuf.Timestamp", seconds: BigInt(seconds), nanos } as const;
  if (operation === "format") return formatTime(time, argument, zone);
  const add = { addYears, addMonths, addDays };
  const moved =
    operation === "truncate" ? truncateTime(time, argument, zone) : add[operation](time, BigInt(argument), zone);
  return `${moved.seconds} ${moved.nanos}`;
}

export const line = (question: Question): string =>
  `${question.seconds} ${question.nanos} ${question.zone} ${question.operation} ${question.argument}`;

/** Returns the answers of java.time, one line for each question. */
export function java(all: readonly Question[]): string[] {
  const program = join(import.meta.dirname, "Times.java");
  const input = all.map((question) => `${line(question)}\n`).join("");
  const output = execFileSync("java", ["-Dfile.encoding=UTF-8", "-Dsun.stdout.encoding=UTF-8", program], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return output.split("\n").slice(0, all.length);
}
