type Row = Readonly<Record<string, number>>;

/** A table of `npm run fleet`. */
export interface Scenario {
  readonly about: string;
  readonly run: (processes: number, seed: number) => Promise<Row>;
}
export const round = (value: number): number => Number(value.toPrecision(3));
