// The metrics of mirrors, from the text format of Prometheus.

/** A sample: `name{label="value"} 1`. */
export interface Metric {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const SAMPLE = /^(bff_mirror_\w+)\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\} (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n" };

/** Returns the samples of mirrors. Other lines are skipped. */
export function readMetrics(text: string): readonly Metric[] {
  return text.split("\n").flatMap((line): Metric[] => {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) return [];
    const all = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]) => [key, unescaped(text)] as const);
    return [{ name, labels: new Map(all), value: Number(value) }];
  });
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
